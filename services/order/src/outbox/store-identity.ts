import type { StateStore } from '@standing-order/dapr';
import { type Decision, modify } from '@standing-order/entity-store/modify';
import { REGISTRY_KEY } from '@standing-order/outbox';
import { ConfigurationError } from '@standing-order/service-kit/config';
import type { Clock } from '@standing-order/service-kit/runtime';
import { logger } from '@standing-order/service-kit/telemetry';

/** The document that states whose orders a store holds. */
interface Identity {
  readonly v: number;
  readonly owner?: string | undefined;
  readonly createdAt: string;
}

export interface StoreIdentityOptions {
  readonly store: Pick<StateStore, 'get' | 'insert' | 'update'>;
  readonly clock: Pick<Clock, 'wall' | 'setTimer'>;
  /** The installation whose orders the store has to hold. Undefined: any. */
  readonly owner: string | undefined;
  /** Whether a store without orders is accepted. */
  readonly mayBeEmpty: boolean;
}

const KEY = 'installation';
const VERSION = 1;
const RETRY_MS = 500;

/**
 * Checks, before the outbox starts, that the state store is the one of this installation, and marks a new one (ADR 0087). Waits
 * while the store cannot be read or written. Rejects with a ConfigurationError when the store is empty or another installation's.
 */
export async function checkStoreIdentity(options: StoreIdentityOptions, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const checked = await check(options).catch((error: unknown) => {
      if (error instanceof ConfigurationError) throw error;
      logger.warn({ err: error }, 'the identity of the state store cannot be read; it is read again');
      return false;
    });
    if (checked) return;
    await new Promise<void>((resolve) => options.clock.setTimer(RETRY_MS, resolve));
  }
}

/** Resolves with false when the outcome is unknown. */
async function check({ store, clock, owner, mayBeEmpty }: StoreIdentityOptions): Promise<boolean> {
  /** Stores of earlier versions have no identity. A registry of writers proves that they are in use. */
  const isUsed = (await store.get(KEY)) !== undefined || (await store.get(REGISTRY_KEY)) !== undefined;

  function decide(identity: Identity | undefined): Decision<'known' | 'new'> {
    if (identity === undefined && !isUsed && !mayBeEmpty) throw emptyStore();
    if (identity?.owner !== undefined && owner !== undefined && identity.owner !== owner)
      throw foreignStore(identity.owner, owner);
    const result = isUsed ? 'known' : 'new';
    if (identity && (identity.owner !== undefined || owner === undefined)) return { result };
    const createdAt = new Date(clock.wall()).toISOString();
    return { result, write: { v: VERSION, createdAt, ...identity, owner } satisfies Identity };
  }

  const done = await modify(store, KEY, (stored) => decide(stored?.value as Identity | undefined), {
    idempotent: true,
  });
  if (!('result' in done)) return false;
  if (done.result === 'new') logger.warn({ owner }, 'the state store is empty: the service starts without orders');
  return true;
}

const emptyStore = () =>
  new ConfigurationError(
    'the state store is empty, and this installation has orders in another one: connect the former store, or restore it. To start ' +
      'without the former orders, set STATE_STORE_MAY_BE_EMPTY=on (stateStore.mayBeEmpty=true of the chart).',
  );

const foreignStore = (found: string, expected: string) =>
  new ConfigurationError(
    `the state store holds the orders of ${found}, and this is ${expected}: connect the store of ${expected}. To use the store of ` +
      `${found}, for instance after a restore, set STATE_STORE_OWNER=${found} (stateStore.owner of the chart).`,
  );
