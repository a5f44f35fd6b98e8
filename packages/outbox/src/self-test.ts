import { freshName } from './context.ts';
import type { Operation, Random, Store } from './ports.ts';

/** The store answers, and does not behave as the outbox needs it. */
export class UnsupportedStoreError extends Error {
  constructor(reason: string) {
    super(`the state store is unfit: ${reason}`);
    this.name = 'UnsupportedStoreError';
  }
}

const unfit = (reason: string): never => {
  throw new UnsupportedStoreError(reason);
};

/** The store did not answer clearly; ask again. */
const unclear = (what: string): never => {
  throw new Error(`the state store is not available (${what})`);
};

/** For steps that nothing stands in the way of. */
const mustCommit = async (store: Store, what: string, operations: readonly Operation[]): Promise<void> => {
  const outcome = await store.transact(operations);
  if (outcome === 'refused') unfit(`${what} was refused`);
  if (outcome === 'unknown') unclear(what);
};

const marked = (mark: string): string => JSON.stringify({ v: 1, mark });

const mark = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? (value as { mark?: unknown }).mark : undefined;

const mustForesee = (store: Store, before: string | undefined, etag: string | undefined): void => {
  const foreseen = store.etagAfter(before);
  if (foreseen !== undefined && foreseen !== etag) unfit(`an ETag was to be ${foreseen} and is ${etag}`);
};

const testInsert = async (store: Store, key: string): Promise<void> => {
  await mustCommit(store, 'inserting a key', [{ op: 'insert', key, json: marked('first') }]);
  if ((await store.transact([{ op: 'insert', key, json: marked('second') }])) === 'committed')
    unfit('inserting a key that exists succeeded');
  const stored = (await store.read([key])).get(key);
  if (mark(stored?.value) !== 'first') unfit('inserting a key that exists overwrote it');
  mustForesee(store, undefined, stored?.etag);
};

const testCompareAndSet = async (store: Store, key: string): Promise<void> => {
  const etag = (await store.read([key])).get(key)?.etag ?? unfit('a stored value has no ETag');
  const first = await store.write([{ key, value: { v: 1, mark: 'set' }, etag }]);
  if (first === 'unknown') unclear('compare-and-set');
  if (first === 'conflict') {
    // Redis has the sidecar repeat what it has no answer to: the write may be in conflict with itself.
    if (mark((await store.read([key])).get(key)?.value) === 'set') unclear('compare-and-set');
    unfit('compare-and-set with the right ETag failed');
  }
  const second = await store.write([{ key, value: { v: 1, mark: 'stale' }, etag }]);
  if (second === 'unknown') unclear('compare-and-set with a stale ETag');
  if (second === 'written') unfit('compare-and-set with a stale ETag succeeded');
  const stored = (await store.read([key])).get(key);
  if (mark(stored?.value) !== 'set') unfit('compare-and-set did not store its value');
  mustForesee(store, etag, stored?.etag);
};

const testThreeKeys = async (store: Store, keys: readonly string[]): Promise<void> => {
  const json = marked('three');
  await mustCommit(store, 'a transaction of three keys', [
    ...keys.map((key) => ({ op: 'upsert', key, json }) as const),
  ]);
  const found = await store.read(keys);
  if (keys.some((key) => mark(found.get(key)?.value) !== 'three')) unfit('a transaction of three keys did not apply');
};

/**
 * Tries on scratch keys whether the store does what the outbox needs. `prefix` must be new on every call, since writes
 * of an earlier, unclear run may still land. Throws an UnsupportedStoreError, or any other error when it is worth asking again.
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

/** Whether the store takes an insertion just now. Tried with a scratch key, which `left` is told of: it is to be deleted. */
export const takesInsertion = async (store: Store, random: Random, left: (key: string) => void): Promise<boolean> => {
  const key = `t:${freshName(random)}:1`;
  const outcome = await store.transact([{ op: 'insert', key, json: marked('taken') }]);
  left(key);
  return outcome === 'committed';
};
