import { readFile } from 'node:fs/promises';
import type { Platform } from '@standing-order/local';
import { sumOf } from '../../bench/measure/counts.ts';
import { cpuSecondsOf } from '../../bench/measure/proc.ts';
import type { UnnotifiedSample } from '../judge/notification.ts';

const EVERY_MS = 1_000;

/** Counters of the services that the lab reads: the metric and its labels. */
const COUNTERS = {
  /** Deliveries of messages by the sidecars, repeated ones included. */
  messages: ['messaging_client_consumed_messages_total', {}],
  /** Replies without effect: duplicates, and verdicts on orders that are decided. */
  ignoredReplies: ['orders_answers_ignored_total', {}],
} as const;
type CounterName = keyof typeof COUNTERS;
/** Gauge of the order service: decided orders that the notification service has not confirmed. */
const UNNOTIFIED = { metric: 'orders_waiting', labels: { channel: 'notification' } };

/** What the platform used and did between the start and the end of the sampling. */
export type Usage = Readonly<Record<CounterName | 'cpuSeconds', number>>;

/** Sums increases of counters that restart at 0 with their process. */
export class Increases {
  readonly #last = new Map<string, number>();
  #sum = 0;

  /** `since`: the value with which a new counter begins; undefined: its first value is its base. */
  observe(counter: string, value: number, since?: number): void {
    const last = this.#last.get(counter) ?? since ?? value;
    this.#sum += value >= last ? value - last : value;
    this.#last.set(counter, value);
  }

  get sum(): number {
    return this.#sum;
  }
}

export interface Sampler {
  /** Starts the sampling: usage counts from here. */
  begin(): Promise<void>;
  /** The usage from `begin` until now. */
  read(): Promise<Usage>;
  /** Of all samples so far. One in which no replica of the order service responded is left out. */
  unnotified(): readonly UnnotifiedSample[];
  /** Ends the sampling. It may be called again. */
  end(): void;
}

/** Samples the processor time of all processes of a platform and the counters of its services, also while some of them are down. */
export function createSampler(platform: Platform): Sampler {
  const cpu = new Increases();
  const counters = Object.fromEntries(Object.keys(COUNTERS).map((name) => [name, new Increases()])) as Record<
    CounterName,
    Increases
  >;
  const unnotified: UnnotifiedSample[] = [];
  let first = true;
  let timer: NodeJS.Timeout | undefined;
  let pending: Promise<void> | undefined;

  async function sampleProcess(pid: number): Promise<void> {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
    // A process that started since the last sample has used all of its time in the run.
    if (stat !== undefined) cpu.observe(String(pid), cpuSecondsOf(stat), first ? undefined : 0);
  }

  /** The metrics of a service; undefined if it does not respond. */
  async function sampleService(url: string): Promise<string | undefined> {
    const exposition = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(EVERY_MS) })
      .then((response) => (response.ok ? response.text() : undefined))
      .catch(() => undefined);
    if (exposition === undefined) return undefined;
    for (const [name, [metric, labels]] of Object.entries(COUNTERS))
      counters[name as CounterName].observe(url, sumOf(exposition, metric, labels), first ? undefined : 0);
    return exposition;
  }

  async function sampleAll(): Promise<void> {
    const pids = platform.processes().flatMap(({ pid }) => pid ?? []);
    const { order, ...others } = platform.urls;
    const at = Date.now();
    const [orderMetrics] = await Promise.all([
      Promise.all(order.map(sampleService)),
      Promise.allSettled([...Object.values(others).flat().map(sampleService), ...pids.map(sampleProcess)]),
    ]);
    const responded = orderMetrics.filter((exposition) => exposition !== undefined);
    if (responded.length > 0)
      unnotified.push({
        at,
        orders: responded.reduce((sum, each) => sum + sumOf(each, UNNOTIFIED.metric, UNNOTIFIED.labels), 0),
      });
    first = false;
  }

  /** Takes a sample, or waits for the one that is pending. Services that do not respond therefore queue no samples. */
  const sample = (): Promise<void> => {
    pending ??= sampleAll().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  return {
    begin() {
      timer = setInterval(sample, EVERY_MS);
      return sample();
    },
    async read() {
      await pending;
      await sample();
      const counts = Object.fromEntries(Object.entries(counters).map(([name, { sum }]) => [name, sum]));
      return { cpuSeconds: cpu.sum, ...(counts as Record<CounterName, number>) };
    },
    unnotified: () => unnotified,
    end: () => clearInterval(timer),
  };
}
