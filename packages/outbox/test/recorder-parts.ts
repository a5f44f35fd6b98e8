import type { Token } from '../src/ports.ts';
import { ReplyRecorder } from '../src/replies/reply-recorder.ts';
import type { Settings } from '../src/settings.ts';
import { documentKey } from '../src/storage-format.ts';
import type { StoredDocument } from '../src/stored-documents.ts';
import { AT_START, type Count, contextOf, countFrom, MemoryStore } from './parts.ts';

export const HOLD_MS = 30;

interface RecorderOptions {
  readonly retentionSeconds?: number;
  readonly utilization?: number;
  /** Changes below this count are not awaited, and are held. */
  readonly awaitedFrom?: number;
  readonly answerHeld?: boolean;
  readonly tokenOf?: (reply: number) => Token;
  /** Settings of the recorder's writes. */
  readonly writes?: Partial<Pick<Settings, 'replyBatch' | 'replyWrites' | 'joinWrites'>>;
}

/** A recorder over a store with the document `a`, which is in memory. */
export function setUpRecorder({
  retentionSeconds,
  utilization = 0,
  awaitedFrom,
  answerHeld = false,
  tokenOf,
  writes = {},
}: RecorderOptions = {}) {
  const store = new MemoryStore();
  const unclear: string[] = [];
  const known = new Map<string, StoredDocument<Count>>();
  const clock = {
    now: 0,
    monotonic: () => clock.now,
    wall: () => clock.now,
    setTimer(ms: number, work: () => void) {
      clock.now += ms;
      queueMicrotask(work);
      return () => {};
    },
  };
  const context = { ...contextOf(store, clock), utilization: () => utilization };
  const handler: typeof context.handler = {
    ...context.handler,
    apply: (count, reply, now) =>
      count.count < 100 ? context.handler.apply(count, reply, now) : { ignored: 'complete' },
    retentionSeconds: () => retentionSeconds,
    ...(tokenOf !== undefined && { tokenOf }),
    ...(awaitedFrom !== undefined && { isAwaited: (_: Count, { count }: Count) => count >= awaitedFrom }),
  };
  const settings = { ...context.settings, holdMs: awaitedFrom === undefined ? 0 : HOLD_MS, answerHeld, ...writes };
  const recorder = new ReplyRecorder(
    { ...context, handler, settings },
    {
      known: (id) => known.get(id),
      recorded: (documents) => {
        for (const seen of documents) known.set(seen.document.id, seen);
      },
      completedUnclearly: ({ id }) => unclear.push(id),
    },
  );
  const document = countFrom('a');
  store.put(documentKey('a'), document, '1');
  known.set('a', { document, etag: '1', asOf: AT_START });
  const countStored = () => (store.stored.get(documentKey('a')) as { value: Count }).value.count;
  return { store, known, clock, recorder, document, countStored, unclear };
}

/** Delays every write until `release`. */
export function delayWrites(store: MemoryStore) {
  const write = store.write.bind(store);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  store.write = async (items) => {
    await promise;
    return write(items);
  };
  return { release };
}

/** Puts documents into the store and into memory. */
export function addDocuments({ store, known }: ReturnType<typeof setUpRecorder>, ids: readonly string[]): void {
  for (const id of ids) {
    const document = countFrom(id);
    store.put(documentKey(id), document, '1');
    known.set(id, { document, etag: '1', asOf: AT_START });
  }
}

/** Counts the documents of each write, all of which end with `release`. */
export function countWrites(store: MemoryStore) {
  const sizes: number[] = [];
  const { release } = delayWrites(store);
  const write = store.write.bind(store);
  store.write = (items) => {
    sizes.push(items.length);
    return write(items);
  };
  return { sizes, release };
}
