import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../measure/statistics.ts';
import { httpSender } from './http-sender.ts';
import type { Load, LoadResult, PhaseMarker, Send, WorkerMessage } from './load.ts';
import { messageSender } from './message-sender.ts';

/** Length of the text that is kept of the first response that is no acknowledgement. */
const KEPT_LENGTH = 300;

/** Sends the load. Resolves when every request has ended. `onMarker` is called at the start and the end of the measured time. */
export async function runLoad(
  load: Load,
  onMarker: (marker: PhaseMarker) => void,
): Promise<Extract<WorkerMessage, { result: LoadResult }>> {
  const { target, timeoutMs } = load;
  const send = target.by === 'http' ? httpSender(target, timeoutMs) : await messageSender(target.redisUrl, timeoutMs);
  const run = new LoadRun(load, send, onMarker);
  await (load.loop.kind === 'closed' ? run.closed(load.loop.concurrency) : run.open(load.loop.rate));
  return { result: run.result(), ids: run.ids };
}

export class LoadRun {
  readonly ids: string[] = [];
  readonly #load: Load;
  readonly #send: Send;
  readonly #latencies: number[] = [];
  readonly #others: Record<string, number> = {};
  readonly #start = performance.now();
  readonly #countFrom: number;
  readonly #end: number;
  readonly #timeIsUp: Promise<void>;
  #endedAt: number;
  #inFlight = 0;
  #sent = 0;
  #offered = 0;
  #dropped = 0;
  #acknowledgedInTime = 0;
  #firstOther: string | undefined;

  constructor(load: Load, send: Send, onMarker: (marker: PhaseMarker) => void) {
    this.#load = load;
    this.#send = send;
    this.#countFrom = this.#start + load.warmupSeconds * 1000;
    this.#end = this.#countFrom + load.seconds * 1000;
    this.#endedAt = this.#end;
    setTimeout(onMarker, load.warmupSeconds * 1000, 'from');
    this.#timeIsUp = delay((load.warmupSeconds + load.seconds) * 1000).then(() => onMarker('to'));
  }

  async closed(concurrency: number): Promise<void> {
    const one = async () => {
      while (performance.now() < this.#end && this.#sent < this.#load.maxRequests)
        await this.#request(performance.now());
    };
    await Promise.all(Array.from({ length: concurrency }, one));
    // A run that has sent its maximum ends at once.
    if (this.#sent < this.#load.maxRequests) await this.#timeIsUp;
    this.#endedAt = Math.min(performance.now(), this.#end);
  }

  async open(rate: number): Promise<void> {
    const { warmupSeconds, seconds, maxInFlight, maxRequests } = this.#load;
    const requests: Promise<void>[] = [];
    for (let n = 0; n < Math.floor(rate * (warmupSeconds + seconds)); n++) {
      const due = this.#start + (n * 1000) / rate;
      // Timers round to milliseconds, and an early request would have too short a latency.
      for (let early = due - performance.now(); early > 0; early = due - performance.now())
        await delay(Math.ceil(early));
      if (this.#inFlight < maxInFlight && this.#sent < maxRequests) requests.push(this.#request(due));
      else this.#drop(due);
    }
    await Promise.all([...requests, this.#timeIsUp]);
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
      acknowledgedPerSecond: this.#acknowledgedInTime / ((this.#endedAt - this.#countFrom) / 1000),
      others: this.#others,
      latency: { p50: percentile(sorted, 50), p99: percentile(sorted, 99), max: percentile(sorted, 100) },
      firstOther: this.#firstOther,
    };
  }

  async #request(arrival: number): Promise<void> {
    const counted = arrival >= this.#countFrom;
    if (counted) this.#offered++;
    this.#inFlight++;
    const result = await this.#send(this.#sent++);
    this.#inFlight--;
    const now = performance.now();
    if ('id' in result) {
      this.ids.push(result.id);
      if (now >= this.#countFrom && now < this.#end) this.#acknowledgedInTime++;
      if (counted) this.#latencies.push(now - arrival);
      return;
    }
    const { other, text = '' } = result;
    this.#firstOther ??= `${other} ${text.slice(0, KEPT_LENGTH)}`.trim();
    if (counted) this.#others[other] = (this.#others[other] ?? 0) + 1;
  }

  #drop(arrival: number): void {
    if (arrival < this.#countFrom) return;
    this.#offered++;
    this.#dropped++;
  }
}
