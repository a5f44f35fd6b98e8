import type { Operation, Random, Store } from './ports.ts';
import { randomName } from './util/random-name.ts';

/** The store answers, but it lacks a guarantee that the outbox needs. Retrying does not help. */
export class UnsupportedStoreError extends Error {
  constructor(reason: string) {
    super(`the state store is not supported: ${reason}`);
    this.name = 'UnsupportedStoreError';
  }
}

const unsupported = (reason: string): never => {
  throw new UnsupportedStoreError(reason);
};

/** The outcome is unknown, so the self-test has to be repeated. */
const unknown = (what: string): never => {
  throw new Error(`the state store is not available (${what})`);
};

/** Runs a transaction that every supported store commits. */
const mustCommit = async (store: Store, what: string, operations: readonly Operation[]): Promise<void> => {
  const outcome = await store.transact(operations);
  if (outcome === 'refused') unsupported(`${what} was refused`);
  if (outcome === 'unknown') unknown(what);
};

const marked = (mark: string): string => JSON.stringify({ v: 1, mark });

const mark = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? (value as { mark?: unknown }).mark : undefined;

const mustPredict = (store: Store, before: string | undefined, etag: string | undefined): void => {
  const predicted = store.etagAfter(before);
  if (predicted !== undefined && predicted !== etag) unsupported(`an ETag is ${etag}, but ${predicted} was predicted`);
};

const testInsert = async (store: Store, key: string): Promise<void> => {
  await mustCommit(store, 'inserting a key', [{ op: 'insert', key, json: marked('first') }]);
  if ((await store.transact([{ op: 'insert', key, json: marked('second') }])) === 'committed')
    unsupported('inserting a key that exists succeeded');
  const stored = (await store.read([key])).get(key);
  if (mark(stored?.value) !== 'first') unsupported('inserting a key that exists overwrote it');
  mustPredict(store, undefined, stored?.etag);
};

const testCompareAndSet = async (store: Store, key: string): Promise<void> => {
  const etag = (await store.read([key])).get(key)?.etag ?? unsupported('a stored value has no ETag');
  const first = await store.write([{ key, value: { v: 1, mark: 'set' }, etag }]);
  if (first === 'unknown') unknown('compare-and-set');
  if (first === 'conflict') {
    // On Redis the sidecar repeats a write without an answer, so the write may conflict with itself.
    if (mark((await store.read([key])).get(key)?.value) === 'set') unknown('compare-and-set');
    unsupported('compare-and-set with the right ETag failed');
  }
  const second = await store.write([{ key, value: { v: 1, mark: 'stale' }, etag }]);
  if (second === 'unknown') unknown('compare-and-set with a stale ETag');
  if (second === 'written') unsupported('compare-and-set with a stale ETag succeeded');
  const stored = (await store.read([key])).get(key);
  if (mark(stored?.value) !== 'set') unsupported('compare-and-set did not store its value');
  mustPredict(store, etag, stored?.etag);
};

const testThreeKeys = async (store: Store, keys: readonly string[]): Promise<void> => {
  const json = marked('three');
  await mustCommit(store, 'a transaction of three keys', [
    ...keys.map((key) => ({ op: 'upsert', key, json }) as const),
  ]);
  const found = await store.read(keys);
  if (keys.some((key) => mark(found.get(key)?.value) !== 'three'))
    unsupported('a transaction of three keys did not apply');
};

/**
 * Checks on scratch keys that the store has the guarantees that the outbox needs. `prefix` must be new on every call,
 * because writes of an earlier run may still be applied. Throws an UnsupportedStoreError, or another error when the
 * self-test has to be repeated.
 */
export const selfTest = async (store: Store, prefix: string): Promise<void> => {
  const keys = [1, 2, 3].map((i) => `t:${prefix}:${i}`);
  const [one, , missing] = keys as [string, string, string];
  await testInsert(store, one);
  await testCompareAndSet(store, one);
  await mustCommit(store, 'deleting a missing key', [{ op: 'delete', key: missing }]);
  await testThreeKeys(store, keys);
  await mustCommit(
    store,
    'a transaction of deletions',
    keys.map((key) => ({ op: 'delete', key })),
  );
};

/** Whether the store currently accepts an insertion. The scratch key is passed to `cleanUp`, which has to delete it. */
export const acceptsInsertion = async (
  store: Store,
  random: Random,
  cleanUp: (key: string) => void,
): Promise<boolean> => {
  const key = `t:${randomName(random)}:1`;
  const outcome = await store.transact([{ op: 'insert', key, json: marked('taken') }]);
  cleanUp(key);
  return outcome === 'committed';
};
