import { writeFile } from 'node:fs/promises';
import { percentile } from '../measure/statistics.ts';
import { Connection, type Outcome } from './connection.ts';
import type { Edge, Load, LoadResult } from './load.ts';
import { DISTINCT, orderRequest } from './orders.ts';
import { constantRate } from './schedule.ts';

/** More connections than this would measure the kernel. Arrivals beyond it wait, and their wait counts as latency. */
const MAX_CONNECTIONS = 512;

/** With its verdict, or without. */
const TAKEN: ReadonlySet<number> = new Set([201, 202]);

/** Offers the load and says what came of it; ends when every request has ended. `edge` is called as the counted time begins and ends. */
export async function runLoad(load: Load, edge: (edge: Edge) => void): Promise<LoadResult> {
  const run = new Run(load, edge);
  await (load.loop.kind === 'closed' ? run.closed(load.loop.concurrency) : run.open(load.loop.rate));
  await writeFile(load.idsFile, run.ids.map((id) => `${id}\n`).join(''));
  return run.result();
}

class Run {
  readonly ids: string[] = [];
  readonly #load: Load;
  readonly #requests: readonly Buffer[];
  readonly #idle: Connection[] = [];
  readonly #latencies: number[] = [];
  readonly #others: Record<string, number> = {};
  readonly #start: number;
  readonly #countFrom: number;
  readonly #end: number;
  readonly #over: Promise<void>;
  #endedAt: number;
  #connections = 0;
  #underWay = 0;
  #sent = 0;
  #offered = 0;
  #dropped = 0;
  #insideWindow = 0;
  #firstOther: string | undefined;

  constructor(load: Load, edge: (edge: Edge) => void) {
    this.#load = load;
    this.#requests = Array.from({ length: DISTINCT }, (_, n) =>
      Buffer.from(orderRequest(n, load.consumers, load.restaurants), 'latin1'),
    );
    this.#start = performance.now();
    this.#countFrom = this.#start + load.warmupSeconds * 1000;
    this.#end = this.#countFrom + load.seconds * 1000;
    this.#endedAt = this.#end;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#over = promise;
    setTimeout(edge, this.#countFrom - this.#start, 'from');
    setTimeout(() => {
      edge('to');
      resolve();
    }, this.#end - this.#start);
  }

  async closed(concurrency: number): Promise<void> {
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (performance.now() < this.#end && this.#sent < this.#load.maxRequests) {
          await new Promise<void>((resolve) => this.#send(performance.now(), resolve));
        }
      }),
    );
    // A run that has sent all it may send is over at once.
    if (this.#sent < this.#load.maxRequests) await this.#over;
    this.#endedAt = Math.min(performance.now(), this.#end);
  }

  async open(rate: number): Promise<void> {
    const schedule = constantRate(rate, this.#load.warmupSeconds + this.#load.seconds);
    const waiting: number[] = [];
    let next = 0;
    const drain = () => {
      while (waiting.length > 0 && (this.#idle.length > 0 || this.#connections < MAX_CONNECTIONS)) {
        this.#send(this.#start + schedule.at(waiting.shift() as number), drain);
      }
    };
    while (performance.now() < this.#end || waiting.length > 0 || this.#underWay > 0) {
      for (const due = schedule.due(performance.now() - this.#start); next < due; next++) {
        if (waiting.length + this.#underWay < this.#load.maxUnderWay && this.#sent < this.#load.maxRequests)
          waiting.push(next);
        else this.#drop(this.#start + schedule.at(next));
      }
      drain();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await this.#over;
  }

  result(): LoadResult {
    const sorted = Float64Array.from(this.#latencies).sort();
    const unixAtStart = Date.now() - performance.now();
    return {
      from: unixAtStart + this.#countFrom,
      to: unixAtStart + this.#endedAt,
      offered: this.#offered,
      dropped: this.#dropped,
      acknowledged: sorted.length,
      acknowledgedPerSecond: this.#insideWindow / ((this.#endedAt - this.#countFrom) / 1000),
      others: this.#others,
      latency: { p50: percentile(sorted, 50), p99: percentile(sorted, 99), max: percentile(sorted, 100) },
      ids: this.ids.length,
      firstOther: this.#firstOther,
    };
  }

  #send(arrival: number, done: () => void): void {
    const connection = this.#idle.pop() ?? this.#connect();
    const counted = arrival >= this.#countFrom;
    if (counted) this.#offered++;
    this.#underWay++;
    connection.send(this.#requests[this.#sent++ % DISTINCT] as Buffer, (outcome) => {
      this.#underWay--;
      this.#idle.push(connection);
      this.#record(outcome, arrival, counted);
      done();
    });
  }

  #record(outcome: Outcome, arrival: number, counted: boolean): void {
    const now = performance.now();
    if ('status' in outcome && TAKEN.has(outcome.status) && outcome.location !== undefined) {
      this.ids.push(outcome.location.slice(outcome.location.lastIndexOf('/') + 1));
      if (now >= this.#countFrom && now < this.#end) this.#insideWindow++;
      if (counted) this.#latencies.push(now - arrival);
      return;
    }
    const name = 'status' in outcome ? String(outcome.status) : outcome.error;
    this.#firstOther ??= 'status' in outcome ? `${name} ${outcome.body.slice(0, 300)}` : name;
    if (counted) this.#others[name] = (this.#others[name] ?? 0) + 1;
  }

  #drop(arrival: number): void {
    if (arrival < this.#countFrom) return;
    this.#offered++;
    this.#dropped++;
  }

  #connect(): Connection {
    this.#connections++;
    const { hostname, port } = new URL(this.#load.url);
    return new Connection(hostname, Number(port), this.#load.timeoutMs);
  }
}
