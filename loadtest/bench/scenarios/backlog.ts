import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'chrome-remote-interface';
import type { LoadResult } from '../generator/load.ts';
import { decidedPerSecond } from '../measure/decisions.ts';
import { Documents } from '../measure/documents.ts';
import { type PerOrder, perOrder } from '../measure/per-order.ts';
import { residentBytes } from '../measure/proc.ts';
import { between, messageCounts, sample } from '../measure/sample.ts';
import { maybeProfiled, type Profiler, profilerOfPart } from '../profile/profiler.ts';
import type { Settings } from '../settings.ts';
import type { Contender } from '../testbed/contender.ts';
import { createEntities } from '../testbed/entities.ts';
import { attachInspector, heapAfterCollection } from '../testbed/inspector.ts';
import { type Bench, type InspectPorts, type Testbed, withTestbed } from '../testbed/testbed.ts';
import { sendOrders } from './send-orders.ts';

/** The order service at rest or with a backlog. */
export interface Condition {
  /** Bytes, after a full collection. */
  readonly heap: number;
  /** Bytes resident, before that collection. */
  readonly resident: number;
  /** Milliseconds to the acknowledgement in an open loop of `endToEndRate` orders per second. */
  readonly intake: LoadResult['latency'];
}

export interface Backlog extends Condition {
  readonly pending: number;
  /** All messages to the consumer service since it was killed. A message carries one command or many. */
  readonly sends: number;
  /** Messages to it without new orders, and the length of that time. */
  readonly sendsWhileWaiting: number;
  readonly waitedSeconds: number;
}

export interface BacklogRun {
  /** Before the consumer service was killed. */
  readonly idle: Condition;
  readonly backlogs: readonly Backlog[];
  readonly drain: {
    /** Seconds from the readiness of the restarted consumer service to the last decision. */
    readonly seconds: number;
    readonly decidedPerSecond: number;
    /** Intake meanwhile. */
    readonly intake: LoadResult['latency'];
    readonly undecided: number;
    /** From the readiness of the consumer service on, without its start. */
    readonly perOrder: PerOrder;
  };
}

/** Upper bound of the drain: a start, and a time per order of the backlog. */
const DRAIN_START_MS = 180_000;
const DRAIN_MS_PER_ORDER = 3;
const FILL_SECONDS = 300;

/**
 * Fills the order service with orders that cannot be decided, measures it, and lets the backlog drain. With a profiler, the
 * drain is profiled.
 */
export const measureBacklog = (
  bench: Bench,
  contender: Contender,
  settings: Settings,
  inspect: InspectPorts,
  onProgress: (line: string) => void,
  profiler?: Profiler,
): Promise<BacklogRun> =>
  withTestbed(bench, { contender, validators: true, inspect }, async (testbed) => {
    const inspector = await attachInspector(inspect.service);
    try {
      await createEntities(testbed.urls);
      const run = new BacklogMeasurement(bench, testbed, settings, inspector);
      await run.warmUp();
      const idle = await run.measureIdle();
      onProgress('consumer service killed');
      await testbed.kill('consumer-1');
      const sentBefore = await run.sends();
      const backlogs: Backlog[] = [];
      for (const size of settings.backlogs) {
        await run.fill(size);
        onProgress(`${run.pending.length} orders PENDING`);
        backlogs.push(await run.measureBacklog(sentBefore));
      }
      onProgress('consumer service restarted');
      return { idle, backlogs, drain: await run.drain(profiler) };
    } finally {
      await inspector.close();
    }
  });

class BacklogMeasurement {
  readonly #bench: Bench;
  readonly #testbed: Testbed;
  readonly #settings: Settings;
  readonly #inspector: Client;
  readonly #documents: Documents;
  readonly pending: string[] = [];

  constructor(bench: Bench, testbed: Testbed, settings: Settings, inspector: Client) {
    this.#bench = bench;
    this.#testbed = testbed;
    this.#settings = settings;
    this.#inspector = inspector;
    this.#documents = new Documents(testbed.redis);
  }

  /** Lets the code be compiled first, so that later growth is the backlog's. */
  async warmUp(): Promise<void> {
    const { closed, warmup, concurrency, drain } = this.#settings;
    const loop = { kind: 'closed', concurrency } as const;
    const { ids } = await sendOrders(this.#testbed, { loop, warmupSeconds: warmup, seconds: closed });
    await this.#documents.untilDecided(ids, drain * 1000, this.#bench.signal);
  }

  async measureIdle(): Promise<Condition> {
    const idle = { ...(await this.#memory()), intake: await this.#intake() };
    await this.#documents.untilDecided(this.pending, this.#settings.drain * 1000, this.#bench.signal);
    this.pending.length = 0;
    return idle;
  }

  async sends(): Promise<number> {
    return (await messageCounts(this.#testbed))['consumer-commands'] ?? 0;
  }

  async fill(size: number): Promise<void> {
    const maxRequests = size - this.pending.length;
    if (maxRequests <= 0) return;
    const loop = { kind: 'closed', concurrency: this.#settings.concurrency } as const;
    const shape = { loop, warmupSeconds: 0, seconds: FILL_SECONDS, maxRequests };
    this.pending.push(...(await sendOrders(this.#testbed, shape)).ids);
  }

  async measureBacklog(sentBefore: number): Promise<Backlog> {
    const { backlogWait } = this.#settings;
    const pending = this.pending.length;
    const sentAtFirst = await this.sends();
    await delay(backlogWait * 1000, undefined, { signal: this.#bench.signal });
    const sent = await this.sends();
    return {
      pending,
      ...(await this.#memory()),
      sends: sent - sentBefore,
      sendsWhileWaiting: sent - sentAtFirst,
      waitedSeconds: backlogWait,
      intake: await this.#intake(),
    };
  }

  async drain(profiler: Profiler | undefined): Promise<BacklogRun['drain']> {
    await this.#testbed.start('consumer-1');
    const from = Date.now();
    const before = await sample(this.#testbed);
    const readsBefore = this.#documents.reads;
    const intake = await maybeProfiled(
      profiler && profilerOfPart(profiler, 'drain'),
      this.#testbed,
      this.#settings.backlogWait,
      () => this.#drained(),
    );
    const used = between(before, await sample(this.#testbed));
    const ownReads = this.#documents.reads - readsBefore;
    const orders = (await this.#documents.read(this.pending)).filter((order) => order !== undefined);
    const last = orders.reduce((latest, { settledAt }) => Math.max(latest, settledAt ?? 0), from + 1);
    return {
      seconds: (last - from) / 1000,
      decidedPerSecond: decidedPerSecond(orders, from, last),
      intake,
      undecided: this.pending.length - orders.filter(({ settledAt }) => settledAt !== undefined).length,
      perOrder: perOrder(used, this.pending.length, ownReads),
    };
  }

  /** Offers orders at first, and waits until all are decided. */
  async #drained(): Promise<LoadResult['latency']> {
    const size = this.pending.length;
    const intake = await this.#intake();
    const deadlineMs = DRAIN_START_MS + size * DRAIN_MS_PER_ORDER;
    await this.#documents.untilDecided(this.pending, deadlineMs, this.#bench.signal);
    return intake;
  }

  async #memory(): Promise<{ heap: number; resident: number }> {
    const resident = await residentBytes(this.#testbed.pids().order?.[0] as number);
    return { heap: await heapAfterCollection(this.#inspector), resident };
  }

  async #intake(): Promise<LoadResult['latency']> {
    const { endToEndRate: rate, warmup: warmupSeconds, open: seconds } = this.#settings;
    const { load, ids } = await sendOrders(this.#testbed, { loop: { kind: 'open', rate }, warmupSeconds, seconds });
    this.pending.push(...ids);
    return load.latency;
  }
}
