import { type ModifiableStore, modify } from '@standing-order/entity-store/modify';
import type { Clock } from '@standing-order/service-kit/runtime';
import { z } from 'zod';

/** Too many requests are pending; the request was not placed. */
export class FullError extends Error {
  override readonly name = 'FullError';
}

/** The ids of requests without an outcome. The list makes them findable after a restart, since a state store has no search. */
export interface PendingList {
  /** Rejects with a FullError, or if the store fails. */
  add(id: string): Promise<void>;
  /**
   * Removes an id. With a time, only if the id has not been added again since. Rejects if the store fails; the id is then still
   * listed, which does no harm.
   */
  remove(id: string, addedAt?: number): Promise<void>;
  /** Each id with the time when it was last added, as Unix time in milliseconds. */
  read(): Promise<ReadonlyMap<string, number>>;
}

export interface PendingListOptions {
  readonly store: ModifiableStore;
  readonly key: string;
  readonly clock: Pick<Clock, 'wall' | 'setTimer'>;
  readonly maxPending: number;
}

interface Change {
  readonly id: string;
  readonly kind: 'add' | 'remove';
  /** For a removal: only if the id was added at this time. */
  readonly addedAt?: number | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

const listDocument = z.object({ v: z.literal(1), pending: z.record(z.string(), z.number()) });

const MAX_ATTEMPTS = 10;
const PAUSE_MS = 50;

/** One document that all replicas of the client share. Changes are batched while another one is being written. */
export function createPendingList({ store, key, clock, maxPending }: PendingListOptions): PendingList {
  let waiting: Change[] = [];
  let isRunning = false;

  /** Applies changes in order. Returns the additions for which the list has no room. */
  function apply(pending: Map<string, number>, changes: readonly Change[]): readonly Change[] {
    return changes.filter(({ kind, id, addedAt }) => {
      if (kind === 'remove') {
        if (addedAt === undefined || addedAt === pending.get(id)) pending.delete(id);
      } else if (!pending.has(id) && pending.size >= maxPending) return true;
      else pending.set(id, clock.wall());
      return false;
    });
  }

  /** Returns the rejected changes. Applying changes twice does no harm, so a write that is not confirmed is repeated. */
  async function write(changes: readonly Change[]): Promise<readonly Change[]> {
    const modified = await modify(
      store,
      key,
      (stored) => {
        const pending = parse(stored?.value);
        const rejected = apply(pending, changes);
        return { result: rejected, write: { v: 1, pending: Object.fromEntries(pending) } };
      },
      {
        attempts: MAX_ATTEMPTS,
        unclearAttempts: MAX_ATTEMPTS,
        idempotent: true,
        pause: (attempt) => new Promise<void>((resolve) => clock.setTimer(attempt * PAUSE_MS, resolve)),
      },
    );
    if ('result' in modified) return modified.result;
    throw new Error(`could not write the list of pending requests (${modified.outcome})`);
  }

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      try {
        const rejected = await write(changes);
        for (const change of changes) {
          if (rejected.includes(change))
            change.reject(new FullError(`the maximum of ${maxPending} requests is pending`));
          else change.resolve();
        }
      } catch (error) {
        for (const { reject } of changes) reject(error);
      }
    }
    isRunning = false;
  }

  const enqueue = (change: Pick<Change, 'kind' | 'id' | 'addedAt'>): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ ...change, resolve, reject });
      if (!isRunning) void run();
    });

  return {
    add: (id) => enqueue({ kind: 'add', id }),
    remove: (id, addedAt) => enqueue({ kind: 'remove', id, addedAt }),
    read: async () => parse((await store.get(key))?.value),
  };
}

const parse = (value: unknown): Map<string, number> =>
  new Map(value === undefined ? [] : Object.entries(listDocument.parse(value).pending));
