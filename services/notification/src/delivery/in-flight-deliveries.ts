import type { Clock, Random } from '@standing-order/service-kit/runtime';
import { warnRateLimited } from '@standing-order/service-kit/telemetry';
import {
  type AttemptResult,
  type DeliveryAttempt,
  dueDeliveries,
  type OpenDelivery,
} from '../domain/delivery-state.ts';
import type { Endpoint } from '../domain/endpoint.ts';
import type { WebhookEvent } from '../domain/event.ts';
import type { Sender } from './attempt/sender.ts';
import type { DeliveryProgress } from './delivery-progress.ts';
import type { Semaphore } from './semaphore.ts';
import { type EndpointLogs, eventLogKey } from './storage/logs.ts';

export interface InFlightDeliveriesOptions {
  readonly clock: Pick<Clock, 'wall'>;
  readonly random: Random;
  readonly logs: Pick<EndpointLogs, 'events'>;
  readonly sender: Pick<Sender, 'send'>;
  /** Limits the attempts of all endpoints together. */
  readonly semaphore: Semaphore;
  readonly progress: Pick<DeliveryProgress, 'state' | 'record'>;
  /** Aborts all attempts. */
  readonly signal: AbortSignal;
  /** The latest version of the endpoint. */
  endpoint(): Endpoint;
  /** Called with the result of each attempt, after it is recorded. */
  onResult(result: AttemptResult): Promise<void>;
  /** Called when an attempt has ended and its result can be saved. */
  onEnd(): void;
}

/** The attempts of one endpoint that are in flight. */
export interface InFlightDeliveries {
  /** Starts attempts for due events, within the limits. */
  startDue(): void;
  isInFlight(position: number): boolean;
  /** Number of events that may still be prefetched. */
  readonly prefetchCapacity: number;
  /** Keeps an event in memory for its attempt. */
  prefetch(position: number, event: WebhookEvent): void;
  /** Drops prefetched events that are no longer open, because another replica has finished them. */
  dropFinished(): void;
  /** Resolves when no attempt is in flight. */
  allEnded(): Promise<unknown>;
}

/** Maximum number of attempts in flight per endpoint. */
const MAX_IN_FLIGHT = 8;
/** Maximum number of prefetched events per endpoint. */
const MAX_PREFETCHED = 64;

export function createInFlightDeliveries(options: InFlightDeliveriesOptions): InFlightDeliveries {
  const { clock, logs, sender, semaphore, progress, signal, endpoint } = options;
  const inFlight = new Map<number, Promise<void>>();
  const prefetched = new Map<number, WebhookEvent>();

  async function readEvent(position: number): Promise<WebhookEvent> {
    const event = prefetched.get(position);
    if (event) return event;
    const { id } = endpoint();
    const { entries } = await logs.events.read(eventLogKey(id), { after: position - 1, limit: 1 });
    const [placed] = entries;
    if (!placed) throw new Error(`event ${position} of endpoint ${id} is missing from its log`);
    return placed.entry;
  }

  async function attempt(delivery: OpenDelivery): Promise<void> {
    let hasFailed = false;
    try {
      const result = await sender.send(endpoint(), await readEvent(delivery.position), signal);
      if (!result) return;
      progress.record({ kind: 'attempted', attempt: toAttempt(delivery, result, clock.wall(), options.random()) });
      await options.onResult(result);
    } catch (error) {
      hasFailed = true;
      warnRateLimited('webhook event', { err: error, webhook: endpoint().id }, 'could not read an event');
    } finally {
      prefetched.delete(delivery.position);
      inFlight.delete(delivery.position);
      semaphore.release();
    }
    // An unreadable event stays open; a later turn of the worker retries it.
    if (hasFailed) return;
    startDue();
    options.onEnd();
  }

  function startDue(): void {
    for (const delivery of dueDeliveries(progress.state, clock.wall())) {
      if (endpoint().disabled || inFlight.size >= MAX_IN_FLIGHT || signal.aborted) return;
      if (inFlight.has(delivery.position)) continue;
      if (!semaphore.tryAcquire(startDue)) return;
      inFlight.set(delivery.position, attempt(delivery));
    }
  }

  return {
    startDue,
    isInFlight: (position) => inFlight.has(position),
    get prefetchCapacity() {
      return MAX_PREFETCHED - prefetched.size;
    },
    prefetch: (position, event) => void prefetched.set(position, event),
    dropFinished() {
      const open = new Set(progress.state.open.map(({ position }) => position));
      for (const position of prefetched.keys()) if (!open.has(position)) prefetched.delete(position);
    },
    allEnded: () => Promise.all(inFlight.values()),
  };
}

function toAttempt(
  { position, attempts, asked }: OpenDelivery,
  result: AttemptResult,
  at: number,
  random: number,
): DeliveryAttempt {
  return { ...result, position, number: attempts + 1, at, random, ...(asked !== undefined && { asked }) };
}
