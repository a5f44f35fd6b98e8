import { DISABLED_REASONS } from '@standing-order/contracts';
import type { Clock } from '@standing-order/service-kit/runtime';
import { countFromZero, logger, meter, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { freeCapacity } from '../domain/delivery-state.ts';
import type { DisabledReason, Endpoint } from '../domain/endpoint.ts';
import type { EndpointStore } from '../endpoints/endpoint-store.ts';
import { isGone } from './attempt/sender.ts';
import { createDeliveryProgress, type DeliveryProgressOptions } from './delivery-progress.ts';
import { createInFlightDeliveries, type InFlightDeliveriesOptions } from './in-flight-deliveries.ts';
import { createInterruptibleSleep } from './interruptible-sleep.ts';
import { eventLogKey } from './storage/logs.ts';

export interface DeliveryWorkerOptions
  extends DeliveryProgressOptions,
    Pick<InFlightDeliveriesOptions, 'random' | 'sender' | 'semaphore'> {
  readonly clock: Clock;
  readonly endpoints: Pick<EndpointStore, 'change'>;
  /** An endpoint that fails for this long is disabled, in milliseconds. */
  readonly disableAfterMs: number;
}

/** Delivers the events of one endpoint. */
export interface DeliveryWorker {
  /** Sets a newer version of the endpoint. */
  update(endpoint: Endpoint): void;
  /** Starts the next turn now, because the endpoint's event log has grown. */
  wake(): void;
  /** Aborts the attempts in flight and saves the results. Never rejects. */
  stop(): Promise<void>;
}

/** Minimum interval between the starts of two turns. A turn costs several state store calls, so each saves several results. */
const TURN_INTERVAL_MS = 200;
const IDLE_MS = 250;
const IDLE_MAX_MS = 4_000;
const ERROR_PAUSE_MS = 1_000;

const disabledCounter = meter.createCounter('webhooks.disabled', { description: 'Disabled endpoints, by reason' });
countFromZero(disabledCounter, ...DISABLED_REASONS.map((reason) => ({ reason })));

/** Starts at the endpoint's stored delivery state, and runs until `stop`. */
export function startDeliveryWorker(initial: Endpoint, options: DeliveryWorkerOptions): DeliveryWorker {
  const { clock, logs } = options;
  const { id } = initial;
  const stopping = new AbortController();
  const pause = createInterruptibleSleep(clock, stopping.signal);
  const progress = createDeliveryProgress(id, options);
  const deliveries = createInFlightDeliveries({
    ...options,
    progress,
    signal: stopping.signal,
    endpoint: () => endpoint,
    async onResult(result) {
      if (isGone(result)) await disable('gone');
    },
    onEnd: wake,
  });
  let endpoint = initial;
  let isWoken = true;
  let idleMs = IDLE_MS;

  function wake(): void {
    isWoken = true;
    pause.wake();
  }

  /** Reads new events, while there is room. */
  async function readEvents(): Promise<void> {
    deliveries.dropFinished();
    const limit = Math.min(freeCapacity(progress.state), deliveries.prefetchCapacity);
    if (limit <= 0) return;
    const { entries, more } = await logs.events.read(eventLogKey(id), { after: progress.state.taken, limit });
    if (entries.length === 0) return;
    for (const { position, entry } of entries) deliveries.prefetch(position, entry);
    const events = entries.map(({ position, entry }) => ({ position, eventId: entry.id }));
    progress.record({ kind: 'eventsRead', events, at: clock.wall() });
    isWoken ||= more;
    idleMs = IDLE_MS;
  }

  async function disable(reason: DisabledReason): Promise<void> {
    const now = clock.wall();
    const changed = await options.endpoints.change<never>(id, (current) => ({
      ...current,
      disabled: current.disabled ?? { at: now, reason },
    }));
    if (changed.outcome !== 'changed') return;
    endpoint = changed.endpoint;
    disabledCounter.add(1, { reason });
    logger.warn({ webhook: id, reason }, 'endpoint disabled');
  }

  /** Does all work that is possible now. Returns the time until the next turn, in milliseconds. */
  async function runTurn(): Promise<number> {
    isWoken = false;
    await progress.load();
    await readEvents();
    deliveries.startDue();
    const { hasUnsavedFailure } = progress;
    if (!(await progress.save())) isWoken = true;
    await progress.deleteOldPages();
    const now = clock.wall();
    const { failingSince = now, open } = progress.state;
    // Elapsed time alone disables no endpoint: one without attempts does not fail.
    if (hasUnsavedFailure && now - failingSince >= options.disableAfterMs) await disable('failing');
    idleMs = Math.min(2 * idleMs, IDLE_MAX_MS);
    const waiting = open.filter(({ position }) => !deliveries.isInFlight(position));
    const next = Math.min(...waiting.map(({ dueAt }) => dueAt));
    return next > now ? Math.min(next - now, idleMs) : idleMs;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonic();
      try {
        const ms = await runTurn();
        await pause.sleep(startedAt + TURN_INTERVAL_MS - clock.monotonic());
        if (!isWoken) await pause.sleepUntilWoken(ms);
      } catch (error) {
        warnRateLimited('webhook turn', { err: error, webhook: id }, 'deliveries to an endpoint are interrupted');
        await pause.sleep(ERROR_PAUSE_MS);
      }
    }
    await deliveries.allEnded();
    await progress.load();
    await progress.save();
  }

  const running = runDetached(run).catch((error: unknown) =>
    // The next owner of the lease repeats deliveries whose results are not saved.
    warnRateLimited('webhook stop', { err: error, webhook: id }, 'could not save the last results of an endpoint'),
  );

  return {
    update(newer) {
      if (newer.version > endpoint.version) endpoint = newer;
    },
    wake,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
