import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Platform, startPlatform } from '@standing-order/local';
import { Documents } from '../../bench/measure/documents.ts';
import { type LoadShape, sendOrders } from '../../bench/scenarios/send-orders.ts';
import { createEntities } from '../../bench/testbed/entities.ts';
import { connectToRedis } from '../../redis-client.ts';
import { portBases } from '../testbed/port-bases.ts';
import type { Intake, WaitingPlan, WaitingRun } from './result.ts';

const CONSUMER = 'consumer-1';
const WARM_UP_SECONDS = 3;
/** Part of each loop that is not measured. */
const LEAD_SECONDS = 1;
/** Time between the last orders and a measurement. The relay fills its send windows, so that a steady state is measured. */
const SETTLE_MS = 5_000;
/** Upper bound of the fill. */
const FILL_SECONDS = 120;
const DECIDED_MS = 180_000;
/** Share of the open loop that may be missing; more is no result. */
const MAX_MISSING_SHARE = 0.01;

export interface WaitingOptions {
  readonly plan: WaitingPlan;
  readonly dataDir: string;
  readonly commit: string;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/**
 * Measures intake with everything up, then with orders that wait because the consumer service is down, on one platform with one
 * replica of each service. Rejects without a result if the orders do not wait or the open loop was not offered.
 */
export async function measureWaiting(options: WaitingOptions): Promise<WaitingRun> {
  const { plan, dataDir, commit, signal, report } = options;
  const startedAt = new Date().toISOString();
  const { platform: portBase } = await portBases();
  const platform = await startPlatform({ portBase, dataDir, broker: plan.broker, clean: true, signal });
  try {
    const redis = await connectToRedis(platform.stores.state);
    try {
      const run = new WaitingMeasurement(platform, new Documents(redis), plan, signal);
      await run.warmUp();
      const control = await run.measureControl();
      report(`control: ${textOf(control)}`);
      const backlog = await run.measureBacklog();
      report(`${backlog.waiting.atBegin} orders waiting: ${textOf(backlog)}`);
      return { version: 1, plan, startedAt, commit, control, backlog, ...(await run.drain()) };
    } finally {
      redis.destroy();
    }
  } finally {
    await platform.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const textOf = ({ acceptedPerSecond, p99 }: Intake): string =>
  `${acceptedPerSecond.toFixed(0)} orders accepted per second, p99 ${p99.toFixed(1)} ms`;

class WaitingMeasurement {
  readonly #platform: Platform;
  readonly #documents: Documents;
  readonly #plan: WaitingPlan;
  readonly #signal: AbortSignal;
  /** Orders since the start. */
  readonly #ids: string[] = [];
  /** The first of them that may wait. */
  #decided = 0;

  constructor(platform: Platform, documents: Documents, plan: WaitingPlan, signal: AbortSignal) {
    this.#platform = platform;
    this.#documents = documents;
    this.#plan = plan;
    this.#signal = signal;
  }

  /** The first requests of a process are slow. */
  async warmUp(): Promise<void> {
    const { consumer, restaurant } = this.#platform.urls;
    await createEntities({ consumer: consumer[0] as string, restaurant: restaurant[0] as string });
    await this.#send({ ...this.#closed(), seconds: WARM_UP_SECONDS });
    await this.#untilDecided();
  }

  async measureControl(): Promise<Intake> {
    const control = await this.#measure(() => this.#untilDecided());
    await this.#untilDecided();
    return control;
  }

  async measureBacklog(): Promise<Intake> {
    const { orders } = this.#plan;
    await this.#platform.kill(CONSUMER);
    await this.#send({ ...this.#closed(), warmupSeconds: 0, seconds: FILL_SECONDS, maxRequests: orders });
    const backlog = await this.#measure(() => Promise.resolve());
    const { atBegin } = backlog.waiting;
    if (atBegin < orders) throw new Error(`only ${atBegin} of ${orders} orders wait: the consumer service answers`);
    return backlog;
  }

  /** Starts the consumer service again, and reads what became of every order. */
  async drain(): Promise<Pick<WaitingRun, 'drainSeconds' | 'decided' | 'undecided' | 'lost'>> {
    await this.#platform.start(CONSUMER);
    await this.#platform.ready();
    const startedAt = Date.now();
    await this.#untilDecided();
    const orders = await this.#documents.read(this.#ids);
    const stored = orders.filter((order) => order !== undefined);
    const times = stored.flatMap(({ settledAt }) => settledAt ?? []);
    const last = times.reduce((latest, at) => Math.max(latest, at), startedAt);
    return {
      drainSeconds: (last - startedAt) / 1_000,
      decided: times.length,
      undecided: stored.length - times.length,
      lost: orders.length - stored.length,
    };
  }

  /** The open loop first, because the closed loop adds orders to the backlog. */
  async #measure(betweenLoops: () => Promise<void>): Promise<Intake> {
    const { rate, seconds } = this.#plan;
    await pause(SETTLE_MS, undefined, { signal: this.#signal });
    const atBegin = await this.#countWaiting();
    const open = await this.#send({ loop: { kind: 'open', rate }, warmupSeconds: LEAD_SECONDS, seconds });
    const { offered, acknowledged, dropped, latency } = open;
    if (dropped > MAX_MISSING_SHARE * offered) throw new Error(`${dropped} of ${offered} orders were not sent`);
    await betweenLoops();
    const { acknowledgedPerSecond } = await this.#send(this.#closed());
    const waiting = { atBegin, atEnd: await this.#countWaiting() };
    const { p50, p99 } = latency;
    return { acceptedPerSecond: acknowledgedPerSecond, p50, p99, offered, acknowledged, waiting };
  }

  #closed(): LoadShape {
    const { concurrency, seconds } = this.#plan;
    return { loop: { kind: 'closed', concurrency }, warmupSeconds: LEAD_SECONDS, seconds };
  }

  async #send(shape: LoadShape) {
    const { load, ids } = await sendOrders({ target: { by: 'http', urls: this.#platform.urls.order } }, shape);
    this.#signal.throwIfAborted();
    for (const id of ids) this.#ids.push(id);
    return load;
  }

  async #untilDecided(): Promise<void> {
    await this.#documents.untilDecided(this.#ids.slice(this.#decided), DECIDED_MS, this.#signal);
    this.#decided = this.#ids.length;
  }

  async #countWaiting(): Promise<number> {
    const orders = await this.#documents.read(this.#ids.slice(this.#decided));
    return orders.filter((order) => order !== undefined && order.settledAt === undefined).length;
  }
}
