import type { StateStore, WriteOutcome } from '@standing-order/dapr';
import {
  applyTransitions,
  type DeliveryState,
  INITIAL_STATE,
  parseDeliveryState,
  type Transition,
} from '../../domain/delivery-state.ts';
import { deliveryStateKey } from './logs.ts';

export interface StoredDeliveryState {
  readonly state: DeliveryState;
  /** Undefined while the state is not stored. */
  readonly etag: string | undefined;
}

/** The delivery states of all endpoints, in the state store. */
export interface DeliveryStateStore {
  /** Returns the initial state for an endpoint without a stored one. Rejects with a SidecarError if the state cannot be read. */
  read(endpoint: string): Promise<StoredDeliveryState>;
  /** Compare-and-set with the ETag. Never rejects. */
  write(endpoint: string, state: DeliveryState, etag: string | undefined): Promise<WriteOutcome>;
  /** Reads, applies the transitions and writes, and retries after a conflict. False: the result may be stored or not. */
  update(endpoint: string, transitions: (state: DeliveryState) => readonly Transition[]): Promise<boolean>;
}

/** Maximum number of attempts when other writers change the state at the same time. */
const MAX_ATTEMPTS = 8;

export function createDeliveryStateStore(store: Pick<StateStore, 'get' | 'insert' | 'update'>): DeliveryStateStore {
  const states: DeliveryStateStore = {
    async read(endpoint) {
      const stored = await store.get(deliveryStateKey(endpoint));
      if (!stored) return { state: INITIAL_STATE, etag: undefined };
      return { state: parseDeliveryState(stored.value), etag: stored.etag };
    },
    async write(endpoint, state, etag) {
      if (etag !== undefined) return store.update(deliveryStateKey(endpoint), state, etag);
      const outcome = await store.insert(deliveryStateKey(endpoint), state);
      return outcome === 'created' ? 'written' : outcome === 'exists' ? 'conflict' : 'unknown';
    },
    async update(endpoint, transitions) {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const { state, etag } = await states.read(endpoint);
        const next = applyTransitions(state, transitions(state)).state;
        const outcome = await states.write(endpoint, next, etag);
        if (outcome !== 'conflict') return outcome === 'written';
      }
      return false;
    },
  };
  return states;
}
