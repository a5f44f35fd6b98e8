import type { StateStore } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';

/** The store deletes the chunks of a process that was killed. */
const EXPIRES_IN_SECONDS = 3_600;
const CONCURRENT_REMOVALS = 16;

export const CHUNK_BYTES = 64 * 1_024;
const CHUNK = 'x'.repeat(CHUNK_BYTES);

interface Chunk {
  readonly key: string;
  readonly writtenAt: number;
}

/** The chunks of a reserve in the state store. */
export interface ReserveChunks {
  readonly count: number;
  /** Monotonic time of the oldest chunk; undefined without a chunk. */
  readonly oldestAt: number | undefined;
  /** Adds a chunk. False if the store did not confirm it. */
  write(): Promise<boolean>;
  /** Takes the oldest chunks out of the reserve. `removeDiscarded` removes them from the store. */
  discardOldest(count: number): void;
  /** Takes out the chunks that the store has deleted because they were not written anew in time, as after an outage. */
  discardExpired(): void;
  removeDiscarded(): Promise<void>;
}

export interface ReserveChunksOptions {
  readonly store: Pick<StateStore, 'insert' | 'remove'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Unique for this process. */
  readonly owner: string;
}

export function createReserveChunks({ store, clock, owner }: ReserveChunksOptions): ReserveChunks {
  /** Oldest first. */
  const chunks: Chunk[] = [];
  /** Keys that may be stored and are to be removed. */
  const discarded = new Set<string>();
  let number = 0;

  function discardOldest(count: number): void {
    for (const { key } of chunks.splice(0, count)) discarded.add(key);
  }

  return {
    discardOldest,
    get count() {
      return chunks.length;
    },
    get oldestAt() {
      return chunks[0]?.writtenAt;
    },

    async write() {
      const key = `reserve:${owner}:${number++}`;
      if ((await store.insert(key, CHUNK, EXPIRES_IN_SECONDS)) === 'created') {
        chunks.push({ key, writtenAt: clock.monotonic() });
        return true;
      }
      // Without an answer it may be stored.
      discarded.add(key);
      return false;
    },

    discardExpired() {
      const expiredAt = clock.monotonic() - EXPIRES_IN_SECONDS * 1_000;
      discardOldest(chunks.filter(({ writtenAt }) => writtenAt <= expiredAt).length);
    },

    async removeDiscarded() {
      const keys = discarded.values();
      const remove = async () => {
        for (const key of keys) {
          // The store is down: the next tick tries again.
          if ((await store.remove(key)) !== 'written') return;
          discarded.delete(key);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENT_REMOVALS }, remove));
    },
  };
}
