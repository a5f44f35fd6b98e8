import type { DeliveryView } from '@standing-order/contracts';
import { PAGE_SIZE } from '@standing-order/entity-store/paged-log';
import {
  type DeliveryState,
  type EventRef,
  MAX_OPEN_WITH_REDELIVERIES,
  type OpenDelivery,
} from '../../domain/delivery-state.ts';
import { isReadable, READABLE_ENTRIES } from '../../domain/retention.ts';
import type { DeliveryStateStore } from './delivery-state-store.ts';
import { type EndpointLogs, type HistoryEntry, historyKey } from './logs.ts';

export interface DeliveryList {
  readonly open: DeliveryView[];
  readonly finished: DeliveryView[];
}

/** Lists the deliveries of an endpoint, and requests redeliveries. Each method rejects with a SidecarError if a read fails. */
export interface DeliveryLog {
  /** All open deliveries, and the newest finished ones. */
  list(endpoint: string): Promise<DeliveryList>;
  /** Redelivers one event. missing: the event is unknown, or no longer readable. full: too many deliveries are open. */
  redeliver(endpoint: string, eventId: string): Promise<'requested' | 'missing' | 'full' | 'unknown'>;
  /** Redelivers the events that failed since a time (Unix time in milliseconds), oldest first, while there is room. */
  redeliverFailedSince(
    endpoint: string,
    since: number,
  ): Promise<{ readonly redelivered: number; readonly left: number } | 'unknown'>;
  /** Makes all open deliveries of a newly enabled endpoint due. False: the change may be stored or not. */
  retryOpenNow(endpoint: string): Promise<boolean>;
}

export interface DeliveryLogOptions {
  readonly states: DeliveryStateStore;
  readonly logs: Pick<EndpointLogs, 'history'>;
  /** Unix time in milliseconds. */
  now(): number;
}

export function createDeliveryLog({ states, logs, now }: DeliveryLogOptions): DeliveryLog {
  /** Finished deliveries, newest first, up to the oldest readable one. */
  async function* readHistory(endpoint: string, { dropped }: DeliveryState): AsyncGenerator<HistoryEntry> {
    const oldest = dropped.history * PAGE_SIZE + 1;
    let before: number | undefined;
    for (let count = 0; count < READABLE_ENTRIES && before !== oldest; ) {
      const limit = before === undefined ? PAGE_SIZE : Math.min(PAGE_SIZE, before - oldest);
      const { entries, more } = await logs.history.read(historyKey(endpoint), { limit, before });
      for (const { entry } of entries) yield entry;
      if (!more) return;
      count += entries.length;
      before = entries.at(-1)?.position;
    }
  }

  async function findEvent(endpoint: string, state: DeliveryState, eventId: string): Promise<EventRef | undefined> {
    const open = state.open.find((delivery) => delivery.eventId === eventId);
    if (open) return open;
    for await (const entry of readHistory(endpoint, state)) {
      if (entry.eventId === eventId) return isReadable(state, entry.position) ? entry : undefined;
    }
    return undefined;
  }

  const requestRedelivery = (endpoint: string, found: readonly EventRef[]) => {
    const events = found.map(({ position, eventId }) => ({ position, eventId }));
    return states.update(endpoint, [{ kind: 'redeliveryRequested', events, at: now() }]);
  };

  return {
    async list(endpoint) {
      const { state } = await states.read(endpoint);
      const { entries } = await logs.history.read(historyKey(endpoint), { limit: PAGE_SIZE });
      return {
        open: state.open.toSorted((a, b) => a.dueAt - b.dueAt).map(openView),
        finished: entries.map(({ entry }) => finishedView(entry)),
      };
    },

    async redeliver(endpoint, eventId) {
      const { state } = await states.read(endpoint);
      const event = await findEvent(endpoint, state, eventId);
      if (!event) return 'missing';
      if (state.open.length >= MAX_OPEN_WITH_REDELIVERIES) return 'full';
      return (await requestRedelivery(endpoint, [event])) ? 'requested' : 'unknown';
    },

    async redeliverFailedSince(endpoint, since) {
      const { state } = await states.read(endpoint);
      const open = new Set(state.open.map(({ position }) => position));
      const latest = new Map<number, HistoryEntry>();
      for await (const entry of readHistory(endpoint, state)) {
        if (entry.at < since) break;
        if (!latest.has(entry.position)) latest.set(entry.position, entry);
      }
      const failed = [...latest.values()]
        .filter(({ status, position }) => status === 'failed' && !open.has(position) && isReadable(state, position))
        .toSorted((a, b) => a.position - b.position);
      const selected = failed.slice(0, Math.max(0, MAX_OPEN_WITH_REDELIVERIES - open.size));
      if (selected.length > 0 && !(await requestRedelivery(endpoint, selected))) return 'unknown';
      return { redelivered: selected.length, left: failed.length - selected.length };
    },

    retryOpenNow: (endpoint) => states.update(endpoint, [{ kind: 'endpointEnabled', at: now() }]),
  };
}

const toRfc3339 = (ms: number): string => new Date(ms).toISOString();

const openView = ({ eventId, attempts, dueAt, at, answered, error }: OpenDelivery): DeliveryView => ({
  eventId,
  status: 'open',
  attempts,
  nextAt: toRfc3339(dueAt),
  ...(at !== undefined && { at: toRfc3339(at) }),
  ...(answered !== undefined && { answered }),
  ...(error !== undefined && { error }),
});

const finishedView = ({ eventId, status, attempts, at, answered, error }: HistoryEntry): DeliveryView => ({
  eventId,
  status,
  attempts,
  at: toRfc3339(at),
  ...(answered !== undefined && { answered }),
  ...(error !== undefined && { error }),
});
