import { setTimeout as delay } from 'node:timers/promises';
import { Documents } from '../measure/documents.ts';
import { residentBytes } from '../measure/proc.ts';
import { messageCounts } from '../measure/sample.ts';
import { settledPerSecond } from '../measure/settlement.ts';
import type { Contender } from '../rig/contender.ts';
import { createEntities } from '../rig/entities.ts';
import { attachInspector, type Inspector } from '../rig/inspector.ts';
import { type Bench, type InspectPorts, type Rig, startRig } from '../rig/rig.ts';
import type { Settings } from '../settings.ts';
import { offerTo } from './offer-to.ts';

/** The order service with so many orders PENDING. */
export interface Waiting {
  readonly pending: number;
  /** Bytes, after a full collection. */
  readonly heap: number;
  /** Bytes resident, before that collection. */
  readonly resident: number;
  /** Commands to the consumer service, in all, since it went down. */
  readonly sends: number;
  /** Commands to it while nothing else happened, and how long that was. */
  readonly sendsWhileWaiting: number;
  readonly waitedSeconds: number;
  /** Milliseconds: acceptance in an open loop of `wholeRate` orders per second. */
  readonly acceptance: { readonly p50: number; readonly p99: number };
}

export interface BacklogRun {
  /** Before the consumer service went down. */
  readonly idle: Pick<Waiting, 'heap' | 'resident' | 'acceptance'>;
  readonly waiting: readonly Waiting[];
  readonly drain: {
    /** Seconds from the moment the consumer service was ready again until the last order was settled. */
    readonly seconds: number;
    readonly settledPerSecond: number;
    /** Acceptance meanwhile. */
    readonly acceptance: { readonly p50: number; readonly p99: number };
    readonly unsettled: number;
  };
}

/** How long the drain may take per order of the backlog, plus a start. */
const DRAIN_MS_PER_ORDER = 3;
const DRAIN_START_MS = 180_000;
const FILL_SECONDS = 300;

/** Fills the order service with orders that cannot be settled, looks at it, and lets them go. */
export async function backlog(
  bench: Bench,
  contender: Contender,
  settings: Settings,
  inspect: InspectPorts,
  progress: (line: string) => void,
): Promise<BacklogRun> {
  const rig = await startRig(bench, { contender, validators: true, inspect });
  const inspector = await attachInspector(inspect.service).catch(async (error: unknown) => {
    await rig.close();
    throw error;
  });
  try {
    await createEntities(rig.urls);
    const run = new Backlog(bench, rig, settings, inspector);
    await run.warmUp();
    const idle = await run.idle();
    progress('consumer down');
    await rig.kill('consumer-1');
    const sentBefore = await run.sends();
    const waiting: Waiting[] = [];
    for (const size of settings.backlogs) {
      await run.fill(size);
      progress(`${run.pending.length} orders pending`);
      waiting.push(await run.wait(sentBefore));
    }
    progress('consumer back');
    return { idle, waiting, drain: await run.drain() };
  } finally {
    inspector.close();
    await rig.close();
  }
}

class Backlog {
  readonly #bench: Bench;
  readonly #rig: Rig;
  readonly #settings: Settings;
  readonly #inspector: Inspector;
  readonly #documents: Documents;
  readonly pending: string[] = [];

  constructor(bench: Bench, rig: Rig, settings: Settings, inspector: Inspector) {
    this.#bench = bench;
    this.#rig = rig;
    this.#settings = settings;
    this.#inspector = inspector;
    this.#documents = new Documents(rig.redis);
  }

  /** Runs the code hot, so that what grows afterwards is the backlog. */
  async warmUp(): Promise<void> {
    const { closed, warmup, concurrency, drain } = this.#settings;
    const { ids } = await this.#offer({ kind: 'closed', concurrency }, warmup, closed);
    await this.#documents.untilSettled(ids, drain * 1000, this.#bench.signal);
  }

  async idle(): Promise<BacklogRun['idle']> {
    const idle = { ...(await this.memory()), acceptance: await this.acceptance() };
    await this.#documents.untilSettled(this.pending, this.#settings.drain * 1000, this.#bench.signal);
    this.pending.length = 0;
    return idle;
  }

  async memory(): Promise<{ heap: number; resident: number }> {
    const resident = await residentBytes(this.#rig.pids().order as number);
    const { heapUsed } = await this.#inspector.memoryAfterCollection();
    return { heap: heapUsed, resident };
  }

  async acceptance(): Promise<{ p50: number; p99: number }> {
    const { wholeRate, warmup, open } = this.#settings;
    const { load, ids } = await this.#offer({ kind: 'open', rate: wholeRate }, warmup, open);
    this.pending.push(...ids);
    return { p50: load.latency.p50, p99: load.latency.p99 };
  }

  async sends(): Promise<number> {
    return (await messageCounts(this.#rig))['consumer-commands'] ?? 0;
  }

  async fill(size: number): Promise<void> {
    const missing = size - this.pending.length;
    if (missing <= 0) return;
    const loop = { kind: 'closed', concurrency: this.#settings.concurrency } as const;
    const { ids } = await this.#offer(loop, 0, FILL_SECONDS, missing);
    this.pending.push(...ids);
  }

  async wait(sentBefore: number): Promise<Waiting> {
    const { backlogWait } = this.#settings;
    const pending = this.pending.length;
    const sentAtFirst = await this.sends();
    await delay(backlogWait * 1000, undefined, { signal: this.#bench.signal });
    const sent = await this.sends();
    return {
      pending,
      ...(await this.memory()),
      sends: sent - sentBefore,
      sendsWhileWaiting: sent - sentAtFirst,
      waitedSeconds: backlogWait,
      acceptance: await this.acceptance(),
    };
  }

  async drain(): Promise<BacklogRun['drain']> {
    await this.#rig.start('consumer-1');
    const from = Date.now();
    const size = this.pending.length;
    const acceptance = await this.acceptance();
    const deadlineMs = DRAIN_START_MS + size * DRAIN_MS_PER_ORDER;
    await this.#documents.untilSettled(this.pending, deadlineMs, this.#bench.signal);
    const orders = (await this.#documents.read(this.pending)).filter((order) => order !== undefined);
    const last = orders.reduce((latest, { settledAt }) => Math.max(latest, settledAt ?? 0), from + 1);
    return {
      seconds: (last - from) / 1000,
      settledPerSecond: settledPerSecond(orders, from, last),
      acceptance,
      unsettled: this.pending.length - orders.filter(({ settledAt }) => settledAt !== undefined).length,
    };
  }

  #offer(loop: Parameters<typeof offerTo>[2]['loop'], warmupSeconds: number, seconds: number, maxRequests?: number) {
    const bound = maxRequests === undefined ? {} : { maxRequests };
    return offerTo(this.#bench, this.#rig, { loop, warmupSeconds, seconds, ...bound });
  }
}
