import type { Stored } from '@standing-order/dapr';
import {
  type CompareAndSetOutcome,
  compareAndSet,
  type ModifiableStore,
  modify,
} from '@standing-order/entity-store/modify';
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
  write(endpoint: string, state: DeliveryState, etag: string | undefined): Promise<CompareAndSetOutcome>;
  /** Applies transitions to the stored state. False: the result may be stored or not. */
  update(endpoint: string, transitions: readonly Transition[]): Promise<boolean>;
}

export function createDeliveryStateStore(store: ModifiableStore): DeliveryStateStore {
  return {
    async read(endpoint) {
      const stored = await store.get(deliveryStateKey(endpoint));
      return { state: parse(stored), etag: stored?.etag };
    },

    write: (endpoint, state, etag) => compareAndSet(store, deliveryStateKey(endpoint), state, etag),

    async update(endpoint, transitions) {
      const { outcome } = await modify(
        store,
        deliveryStateKey(endpoint),
        (stored) => ({ result: undefined, write: applyTransitions(parse(stored), transitions).state }),
        { idempotent: true },
      );
      return outcome === 'written';
    },
  };
}

const parse = (stored: Stored | undefined): DeliveryState =>
  stored ? parseDeliveryState(stored.value) : INITIAL_STATE;
