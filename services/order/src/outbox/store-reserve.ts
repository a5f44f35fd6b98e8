import type { StateStore } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { logger, meter, runDetached } from '@standing-order/service-kit/telemetry';
import { CHUNK_BYTES, createReserveChunks } from './reserve-chunks.ts';

const SECOND_MS = 1_000;
const TICK_MS = 5 * SECOND_MS;
/** Longest time that a stop waits. Chunks that it leaves expire. */
const STOP_MS = 3 * SECOND_MS;
/** Longest time between two attempts to restore a released reserve. */
const MAX_RESTORE_MS = 60 * SECOND_MS;
/** Within this time every chunk is written anew, at the latest. */
const RENEW_MS = 30 * 60 * SECOND_MS;
/** 1 MiB, for the heartbeats and segments of the outbox. */
const MIN_CHUNKS = 16;
/** The two verdicts add some 600 bytes to an order of two lines. */
const BYTES_PER_OPEN_ORDER = 1_024;
/** Share of additional room that must be free before orders are accepted again. */
const SLACK = 0.25;
/** 32 MiB: more than replicas accept in a tick, which takes longer by the duration of the writes. */
const MAX_WRITES_PER_TICK = 512;

/**
 * Room in the state store that a replica occupies, in proportion to its open orders. When the store is full, the replica frees this
 * room and refuses new orders until it can occupy it again. So the decisions of the open orders fit into a full store.
 */
export interface StoreReserve {
  /** True from the moment at which the store was full until the reserve is restored. New orders are refused meanwhile. */
  readonly isReleased: boolean;
  start(): void;
  /** Frees the room. */
  stop(): Promise<void>;
}

export interface StoreReserveOptions {
  readonly store: Pick<StateStore, 'get' | 'insert' | 'remove'>;
  readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  /** Unique for this process. */
  readonly owner: string;
  /** Number of open orders of this replica. */
  openOrders(): number;
  /** Whether the store was seen to refuse the transactions of the outbox. */
  refusesWrites(): boolean;
}

export function createStoreReserve(options: StoreReserveOptions): StoreReserve {
  const { store, clock, owner, openOrders, refusesWrites } = options;
  const chunks = createReserveChunks(options);
  let isReleased = false;
  let isStopped = false;
  let restoreMs = TICK_MS;
  let cancelTimer = () => {};
  let running: Promise<void> = Promise.resolve();

  meter
    .createObservableGauge('outbox.reserve', {
      unit: 'By',
      description: 'Room in the state store that is kept for decisions',
    })
    .addCallback((result) => result.observe(chunks.count * CHUNK_BYTES));

  const wanted = () => MIN_CHUNKS + Math.ceil((openOrders() * BYTES_PER_OPEN_ORDER) / CHUNK_BYTES);

  /** Writes chunks until there are `count`, or the service stops. False if the store refused one. */
  async function growTo(count: number, maxWrites: number): Promise<boolean> {
    for (let writes = 0; chunks.count < count && writes < maxWrites && !isStopped; writes++)
      if (!(await chunks.write())) return false;
    return true;
  }

  /** Replaces the oldest chunks. While orders are open, this also detects a full store without a new order. */
  async function rotate(): Promise<boolean> {
    const { oldestAt } = chunks;
    const isDue = openOrders() > 0 || (oldestAt !== undefined && clock.monotonic() - oldestAt > RENEW_MS);
    const count = isDue ? Math.ceil((chunks.count * TICK_MS) / RENEW_MS) : 0;
    for (let n = 0; n < count; n++) {
      if (!(await chunks.write())) return false;
      chunks.discardOldest(1);
    }
    return true;
  }

  /** A store that is down refuses writes as well, and has no room to free. */
  const isReadable = (): Promise<boolean> =>
    store.get(`reserve:${owner}`).then(
      () => true,
      () => false,
    );

  function release(): void {
    isReleased = true;
    restoreMs = TICK_MS;
    logger.warn({ chunks: chunks.count }, 'the state store is full: new orders are refused, and the reserve is freed');
    chunks.discardOldest(chunks.count);
  }

  async function restore(): Promise<void> {
    const goal = wanted();
    const slack = Math.max(MIN_CHUNKS / 2, Math.ceil(goal * SLACK));
    if (await growTo(goal + slack, Number.POSITIVE_INFINITY)) {
      chunks.discardOldest(slack);
      isReleased = false;
      logger.info('the state store has room: orders are accepted again');
    } else {
      chunks.discardOldest(chunks.count);
      restoreMs = Math.min(2 * restoreMs, MAX_RESTORE_MS);
    }
    await chunks.removeDiscarded();
  }

  /**
   * One failed write does not prove a full store: after a pause of this process its connection is gone, and the next one works.
   * So a second write decides, once the store can be read.
   */
  async function tick(): Promise<void> {
    chunks.discardExpired();
    await chunks.removeDiscarded();
    if (isReleased) return restore();
    const isAccepted = !refusesWrites() && (await growTo(wanted(), MAX_WRITES_PER_TICK)) && (await rotate());
    if (isAccepted) chunks.discardOldest(chunks.count - wanted());
    else if ((await isReadable()) && (refusesWrites() || !(await chunks.write()))) release();
    await chunks.removeDiscarded();
  }

  function run(): void {
    running = runDetached(tick)
      .catch((error: unknown) => logger.warn({ err: error }, 'the reserve in the state store could not be kept'))
      .then(() => {
        if (!isStopped) cancelTimer = clock.setTimer(isReleased ? restoreMs : TICK_MS, run);
      });
  }

  return {
    get isReleased() {
      return isReleased;
    },
    start: run,
    stop() {
      isStopped = true;
      cancelTimer();
      const removed = running.then(() => {
        chunks.discardOldest(chunks.count);
        return chunks.removeDiscarded();
      });
      return new Promise((resolve) => {
        const cancel = clock.setTimer(STOP_MS, resolve);
        void removed.then(() => {
          cancel();
          resolve();
        });
      });
    },
  };
}
