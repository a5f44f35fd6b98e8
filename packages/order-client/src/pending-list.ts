import type { StateStore } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { z } from 'zod';

/** Too many requests wait for their outcome; nothing was placed. */
export class FullError extends Error {
  override readonly name = 'FullError';
}

/** Which requests wait for their outcome: the way to find them after a restart, since a state store cannot be searched. */
export interface Pending {
  /** Rejects with a FullError, or when the store fails. */
  add(id: string): Promise<void>;
  /**
   * With a time: only if it has not been added again since. Rejects when the store fails; then the id is still there, which
   * does no harm.
   */
  remove(id: string, addedAt?: number): Promise<void>;
  /** Ids and when each was last added, as Unix time in milliseconds. */
  read(): Promise<ReadonlyMap<string, number>>;
}

export interface PendingParts {
  readonly store: Pick<StateStore, 'get' | 'insert' | 'update'>;
  readonly key: string;
  readonly clock: Pick<Clock, 'wall' | 'setTimer'>;
  readonly most: number;
}

interface Change {
  readonly id: string;
  readonly kind: 'add' | 'remove';
  /** Of what is removed only if it was added then. */
  readonly addedAt?: number | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

const document = z.object({ v: z.literal(1), pending: z.record(z.string(), z.number()) });

const ATTEMPTS = 10;
const PAUSE_MS = 50;

/** One document that replicas of the client share; changes gather while another one is being written. */
export function createPending({ store, key, clock, most }: PendingParts): Pending {
  let waiting: Change[] = [];
  let running = false;

  async function load(): Promise<{ pending: Map<string, number>; etag: string | undefined }> {
    const stored = await store.get(key);
    const { pending } = stored ? document.parse(stored.value) : { pending: {} };
    return { pending: new Map(Object.entries(pending)), etag: stored?.etag };
  }

  /** Applying changes again does no harm, so whatever is unclear is read and written once more. */
  async function write(changes: readonly Change[]): Promise<readonly Change[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await new Promise<void>((resolve) => clock.setTimer(attempt * PAUSE_MS, resolve));
      const { pending, etag } = await load();
      const refused = changes.filter(({ kind, id, addedAt }) => {
        if (kind === 'remove') {
          if (addedAt === undefined || addedAt === pending.get(id)) pending.delete(id);
        } else if (!pending.has(id) && pending.size >= most) return true;
        else pending.set(id, clock.wall());
        return false;
      });
      const value = { v: 1, pending: Object.fromEntries(pending) };
      const outcome = etag === undefined ? await store.insert(key, value) : await store.update(key, value, etag);
      if (outcome === 'created' || outcome === 'written') return refused;
    }
    throw new Error(`the list of pending requests could not be written in ${ATTEMPTS} attempts`);
  }

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const changes = waiting;
      waiting = [];
      try {
        const refused = await write(changes);
        for (const change of changes) {
          if (refused.includes(change)) change.reject(new FullError(`${most} requests wait for their outcome already`));
          else change.resolve();
        }
      } catch (error) {
        for (const { reject } of changes) reject(error);
      }
    }
    running = false;
  }

  const change = (what: Pick<Change, 'kind' | 'id' | 'addedAt'>): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ ...what, resolve, reject });
      if (!running) void run();
    });

  return {
    add: (id) => change({ kind: 'add', id }),
    remove: (id, addedAt) => change({ kind: 'remove', id, addedAt }),
    read: async () => (await load()).pending,
  };
}
