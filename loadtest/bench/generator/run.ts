import { writeFile } from 'node:fs/promises';
import { percentile } from '../measure/statistics.ts';
import { httpTarget } from './http-target.ts';
import type { Edge, Load, LoadResult } from './load.ts';
import { messageTarget } from './message-target.ts';
import { constantRate } from './schedule.ts';
import type { Answer, Target } from './target.ts';

/** As much of an answer as is kept to show why an order was not taken. */
const SHOWN = 300;

/** Offers the load and says what came of it; ends when every request has ended. `edge` is called as the counted time begins and ends. */
export async function runLoad(load: Load, edge: (edge: Edge) => void): Promise<LoadResult> {
  const { way } = load;
  const target = way.by === 'http' ? httpTarget(way.url, load) : await messageTarget(way.redisUrl, load);
  const run = new Run(load, target, edge);
  await (load.loop.kind === 'closed' ? run.closed(load.loop.concurrency) : run.open(load.loop.rate));
  await writeFile(load.idsFile, run.ids.map((id) => `${id}\n`).join(''));
  return run.result();
}

class Run {
  readonly ids: string[] = [];
  readonly #load: Load;
  readonly #target: Target;
  readonly #latencies: number[] = [];
  readonly #others: Record<string, number> = {};
  readonly #start: number;
  readonly #countFrom: number;
  readonly #end: number;
  readonly #over: Promise<void>;
  #endedAt: number;
  #underWay = 0;
  #sent = 0;
  #offered = 0;
  #dropped = 0;
  #insideWindow = 0;
  #firstOther: string | undefined;

  constructor(load: Load, target: Target, edge: (edge: Edge) => void) {
    this.#load = load;
    this.#target = target;
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
      while (waiting.length > 0 && this.#target.hasRoom) {
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
    const counted = arrival >= this.#countFrom;
    if (counted) this.#offered++;
    this.#underWay++;
    this.#target.send(this.#sent++, (answer) => {
      this.#underWay--;
      this.#record(answer, arrival, counted);
      done();
    });
  }

  #record(answer: Answer, arrival: number, counted: boolean): void {
    const now = performance.now();
    if ('id' in answer) {
      this.ids.push(answer.id);
      if (now >= this.#countFrom && now < this.#end) this.#insideWindow++;
      if (counted) this.#latencies.push(now - arrival);
      return;
    }
    const { other, text = '' } = answer;
    this.#firstOther ??= `${other} ${text.slice(0, SHOWN)}`.trim();
    if (counted) this.#others[other] = (this.#others[other] ?? 0) + 1;
  }

  #drop(arrival: number): void {
    if (arrival < this.#countFrom) return;
    this.#offered++;
    this.#dropped++;
  }
}
