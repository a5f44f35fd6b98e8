import { countFromZero, meter } from '@standing-order/service-kit/telemetry';
import { applyTransitions, type DeliveryState, INITIAL_STATE, type Transition } from '../domain/delivery-state.ts';
import { pagesToDelete } from '../domain/retention.ts';
import type { DeliveryStateStore, StoredDeliveryState } from './storage/delivery-state-store.ts';
import { type EndpointLogs, eventLogKey, historyKey } from './storage/logs.ts';

export interface DeliveryProgressOptions {
  readonly states: Pick<DeliveryStateStore, 'read' | 'write'>;
  readonly logs: EndpointLogs;
  /** Deletes full pages of a log. Never rejects. */
  deletePages(log: string, pages: readonly number[]): Promise<unknown>;
}

/** The delivery state of one endpoint in memory: the stored state, and the transitions that are not saved yet. */
export interface DeliveryProgress {
  /** The state after all recorded transitions. */
  readonly state: DeliveryState;
  /** True if a failed attempt is not saved yet. */
  readonly hasUnsavedFailure: boolean;
  record(transition: Transition): void;
  /** Reads the stored state and applies the unsaved transitions to it. */
  load(): Promise<void>;
  /**
   * Saves the recorded transitions over the loaded state. Returns false if another process has changed the state. Rejects if the
   * outcome is unknown. Transitions that are not saved stay recorded.
   */
  save(): Promise<boolean>;
  /** Deletes the pages of both logs that are no longer readable. */
  deleteOldPages(): Promise<void>;
}

const deliveries = meter.createCounter('webhooks.deliveries', { description: 'Finished deliveries, by status' });
countFromZero(deliveries, { status: 'delivered' }, { status: 'failed' });

export function createDeliveryProgress(
  endpoint: string,
  { states, logs, deletePages }: DeliveryProgressOptions,
): DeliveryProgress {
  let unsaved: Transition[] = [];
  let stored: StoredDeliveryState = { state: INITIAL_STATE, etag: undefined };
  let state = INITIAL_STATE;

  return {
    get state() {
      return state;
    },
    get hasUnsavedFailure() {
      return unsaved.some((transition) => transition.kind === 'attempted' && !transition.attempt.ok);
    },

    record(transition) {
      unsaved.push(transition);
      state = applyTransitions(state, [transition]).state;
    },

    async load() {
      stored = await states.read(endpoint);
      state = applyTransitions(stored.state, unsaved).state;
    },

    async save() {
      if (unsaved.length === 0) return true;
      const count = unsaved.length;
      const { state: next, finished } = applyTransitions(stored.state, unsaved);
      if (finished.length > 0) {
        const entries = finished.map((delivery) => ({ id: `${delivery.position}-${delivery.at}`, ...delivery }));
        // History first: a delivery that is neither open nor in the history would be lost.
        const [appended] = await logs.history.append([{ name: historyKey(endpoint), entries }]);
        if (!appended) throw new Error('could not write the delivery history');
      }
      const outcome = await states.write(endpoint, next, stored.etag);
      if (outcome === 'conflict') return false;
      if (outcome !== 'written') throw new Error('could not write the delivery state');
      unsaved = unsaved.slice(count);
      for (const { status } of finished) deliveries.add(1, { status });
      return true;
    },

    async deleteOldPages() {
      if (!pagesToDelete(state, 0)) return;
      const { newest } = await logs.history.read(historyKey(endpoint), { limit: 1 });
      // The stored state may have changed: a client may have requested a redelivery of an old event.
      const current = await states.read(endpoint);
      const pages = pagesToDelete(current.state, newest);
      if (!pages) return;
      const transition: Transition = { kind: 'pagesDeleted', dropped: pages.dropped };
      const next = applyTransitions(current.state, [transition]).state;
      if ((await states.write(endpoint, next, current.etag)) !== 'written') return;
      // State first: a redelivery can only be requested for an event that is still readable.
      await deletePages(eventLogKey(endpoint), pages.events);
      await deletePages(historyKey(endpoint), pages.history);
    },
  };
}
