import type { StateStore } from '@standing-order/dapr';
import { dropPages, pageOf } from '@standing-order/entity-store/paged-log';
import type { Clock, Random } from '@standing-order/service-kit/runtime';
import { logger, meter, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { type Endpoint, hasUnreadableSecret } from '../domain/endpoint.ts';
import type { EndpointStore } from '../endpoints/endpoint-store.ts';
import type { Sender } from './attempt/sender.ts';
import { type DeliveryWorker, type DeliveryWorkerOptions, startDeliveryWorker } from './delivery-worker.ts';
import { createSemaphore } from './semaphore.ts';
import type { DeliveryStateStore } from './storage/delivery-state-store.ts';
import type { Leases } from './storage/leases.ts';
import { deliveryStateKey, type EndpointLogs, eventLogKey, historyKey } from './storage/logs.ts';

export interface DeliveryManagerOptions {
  readonly store: Pick<StateStore, 'remove'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly endpoints: EndpointStore;
  readonly logs: EndpointLogs;
  readonly states: DeliveryStateStore;
  readonly leases: Leases;
  readonly sender: Sender;
  /** An endpoint that fails for this long is disabled, in milliseconds. */
  readonly disableAfterMs: number;
}

/** Runs a delivery worker for each endpoint whose lease this process holds. */
export interface DeliveryManager {
  start(): void;
  /** The event logs of these endpoints have grown. */
  wake(endpoints: readonly string[]): void;
  /** Endpoints have been changed. */
  refresh(): void;
  /** Saves all results and releases the leases. Never rejects. */
  stop(): Promise<void>;
}

const TICK_MS = 2_000;
/** Workers stop when no tick succeeds for this long, before other processes claim the leases. */
const MAX_TICK_AGE_MS = 8_000;
/** Maximum number of attempts in flight, of all endpoints. */
const MAX_IN_FLIGHT = 64;

export function createDeliveryManager(options: DeliveryManagerOptions): DeliveryManager {
  const { store, clock, endpoints, logs, states, leases } = options;
  const semaphore = createSemaphore(MAX_IN_FLIGHT);
  const workers = new Map<string, DeliveryWorker>();
  const workerOptions: DeliveryWorkerOptions = {
    ...options,
    semaphore,
    deletePages: (log, pages) => dropPages(store, log, pages),
  };
  let cancelTick = () => {};
  let running: Promise<void> | undefined;
  let runsAgain = false;
  let isStopped = false;
  let unreadable: ReadonlySet<string> = new Set();
  let tickedAt = clock.monotonic();

  meter
    .createObservableGauge('webhooks.served', { description: 'Endpoints that this replica delivers to' })
    .addCallback((result) => result.observe(workers.size));

  /** Logs each endpoint with a secret that cannot be decrypted, once. */
  function logUnreadable(all: readonly Endpoint[]): void {
    const current = new Set(all.filter(hasUnreadableSecret).map(({ id }) => id));
    for (const id of current.difference(unreadable)) {
      logger.error({ webhook: id }, 'a secret of an endpoint is encrypted with a key that is not configured');
    }
    unreadable = current;
  }

  async function tick(): Promise<void> {
    // On each tick: a replica with another first key encrypts all secrets with it when it changes an endpoint.
    const all = await endpoints.reencrypt();
    logUnreadable(all);
    const own = await leases.renew(all.map(({ id }) => id));
    tickedAt = clock.monotonic();
    const served = all.filter(({ id, disabled, deleted }) => own.has(id) && !disabled && !deleted);
    await stopWorkers([...workers.keys()].filter((id) => !served.some((endpoint) => endpoint.id === id)));
    if (isStopped) return;
    for (const endpoint of served) {
      const worker = workers.get(endpoint.id);
      if (worker) worker.update(endpoint);
      else workers.set(endpoint.id, startDeliveryWorker(endpoint, workerOptions));
    }
    for (const endpoint of all) if (endpoint.deleted && own.has(endpoint.id)) await removeEndpoint(endpoint);
  }

  async function stopWorkers(ids: readonly string[]): Promise<void> {
    const stopping = ids.map((id) => workers.get(id));
    for (const id of ids) workers.delete(id);
    await Promise.all(stopping.map((worker) => worker?.stop()));
  }

  /** Removes all documents of a deleted endpoint. After a failure the next tick tries again. */
  async function removeEndpoint({ id }: Endpoint): Promise<void> {
    const { state } = await states.read(id);
    for (const [log, from, kept] of [
      [eventLogKey(id), state.dropped.events, state.dropped.kept],
      [historyKey(id), state.dropped.history, []],
    ] as const) {
      const { newest } = await (log === eventLogKey(id) ? logs.events : logs.history).read(log, { limit: 1 });
      const count = Math.max(0, pageOf(Math.max(1, newest)) + 1 - from);
      const pages = [...kept, ...Array.from({ length: count }, (_, index) => from + index)];
      if (!(await dropPages(store, log, pages)) || (await store.remove(log)) !== 'written') return;
    }
    if ((await store.remove(deliveryStateKey(id))) !== 'written' || !(await endpoints.remove(id))) return;
    await leases.remove(id);
    logger.info({ webhook: id }, 'endpoint removed');
  }

  /** Runs one tick at a time. A call during a tick starts another one after it. */
  function run(): void {
    if (isStopped) return;
    if (running) {
      runsAgain = true;
      return;
    }
    cancelTick();
    runsAgain = false;
    running = runDetached(tick)
      .catch(async (error: unknown) => {
        warnRateLimited('webhooks tick', { err: error }, 'could not read the endpoints or renew their leases');
        if (clock.monotonic() - tickedAt > MAX_TICK_AGE_MS) await stopWorkers([...workers.keys()]);
      })
      .finally(() => {
        running = undefined;
        if (runsAgain) run();
        else if (!isStopped) cancelTick = clock.setTimer(TICK_MS, run);
      });
  }

  return {
    start: run,
    wake(ids) {
      for (const id of ids) workers.get(id)?.wake();
    },
    refresh: run,
    async stop() {
      isStopped = true;
      cancelTick();
      await running;
      await stopWorkers([...workers.keys()]);
      await leases.release();
    },
  };
}
