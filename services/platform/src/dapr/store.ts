import { isRefusal, ok, storedItem, storedItems, transactionOutcome } from './answers.ts';
import { chunksOf, MAX_BODY_BYTES } from './chunks.ts';
import type { Answer, SidecarClient } from './client.ts';
import { type Dialect, transactionBody } from './dialects.ts';
import type { InsertOutcome, Operation, StateStore, Stored, TransactionOutcome, WriteOutcome } from './types.ts';

type Item = { readonly key: string; readonly value: unknown; readonly etag: string };

/** Keys in one bulk get: bounds what one answer can weigh. */
const KEYS_PER_READ = 512;
/** Gets of single keys at a time: leaves connections for everybody else. */
const GETS_AT_ONCE = 16;

/** A call that failed has no outcome that one could know; the client has reported it. */
const answerOf = (call: Promise<Answer>): Promise<Answer | undefined> => call.catch(() => undefined);

export function createStore(client: SidecarClient, name: string, dialect: Dialect): StateStore {
  const path = `/v1.0/state/${encodeURIComponent(name)}`;
  const pathOf = (key: string): string => `${path}/${encodeURIComponent(key)}`;
  const post = (operation: string, to: string, body: string): Promise<Answer> =>
    client.call({ operation: `state ${operation}`, method: 'POST', path: to, body });

  async function transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    const body = transactionBody(operations, dialect);
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return 'refused';
    const answer = await answerOf(post('transact', `${path}/transaction`, body));
    return answer ? transactionOutcome(answer) : 'unknown';
  }

  const get = async (key: string): Promise<Stored | undefined> =>
    storedItem(await client.call({ operation: 'state get', method: 'GET', path: pathOf(key) }));

  async function bulkGet(keys: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let from = 0; from < keys.length; from += KEYS_PER_READ) {
      const body = JSON.stringify({ keys: keys.slice(from, from + KEYS_PER_READ) });
      for (const [key, stored] of storedItems(await post('read', `${path}/bulk`, body))) found.set(key, stored);
    }
    return found;
  }

  async function getEach(keys: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (let from = 0; from < keys.length; from += GETS_AT_ONCE) {
      const some = keys.slice(from, from + GETS_AT_ONCE);
      const values = await Promise.all(some.map(get));
      some.forEach((key, index) => {
        const stored = values[index];
        if (stored) found.set(key, stored);
      });
    }
    return found;
  }

  async function read(keys: readonly string[]): Promise<Map<string, Stored>> {
    // Each key once: PostgreSQL answers a repeated one with an item that has no key.
    const unique = [...new Set(keys)];
    const found = await bulkGet(unique);
    if (!dialect.hidesFailedReads) return found;
    // Missing is believed only when a get of that key alone, which reports a failure, says so too.
    return new Map([...found, ...(await getEach(unique.filter((key) => !found.has(key))))]);
  }

  /**
   * Dapr's Redis store calls every failure of a write with an ETag a conflict, a lost connection too, and a 409 of several
   * items hides the other errors among them. So a 409 is believed only when a read shows that no item is still at the
   * version it was to be written over.
   */
  async function confirmConflict(expected: readonly Pick<Item, 'key' | 'etag'>[]): Promise<WriteOutcome> {
    const now = await read(expected.map(({ key }) => key)).catch(() => undefined);
    if (!now) return 'unknown';
    return expected.some(({ key, etag }) => now.get(key)?.etag === etag) ? 'unknown' : 'conflict';
  }

  async function writeChunk(items: readonly Item[], body: string): Promise<WriteOutcome> {
    const answer = await answerOf(post('write', path, body));
    if (answer && ok(answer)) return 'written';
    return answer?.status === 409 ? confirmConflict(items) : 'unknown';
  }

  async function write(items: readonly Item[]): Promise<WriteOutcome> {
    let outcome: WriteOutcome = 'written';
    for (const chunk of chunksOf(items)) {
      const result = chunk.tooLarge ? 'unknown' : await writeChunk(chunk.items, chunk.body);
      if (result === 'unknown') return 'unknown';
      if (result === 'conflict') outcome = 'conflict';
    }
    return outcome;
  }

  /** A taken key is a 409 on Redis and a 500 on PostgreSQL, and both mean other things too: the store is asked. */
  async function insert(key: string, value: unknown): Promise<InsertOutcome> {
    const body = JSON.stringify([{ key, value, ...dialect.insertOnly }]);
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return 'refused';
    const answer = await answerOf(post('insert', path, body));
    if (!answer) return 'unknown';
    if (ok(answer)) return 'created';
    if (isRefusal(answer)) return 'refused';
    return (await get(key).catch(() => undefined)) ? 'exists' : 'unknown';
  }

  async function remove(key: string, etag?: string): Promise<WriteOutcome> {
    const headers = etag === undefined ? {} : { 'if-match': etag };
    const answer = await answerOf(
      client.call({ operation: 'state remove', method: 'DELETE', path: pathOf(key), headers }),
    );
    if (answer && ok(answer)) return 'written';
    if (answer?.status !== 409 || etag === undefined) return 'unknown';
    const now = await read([key]).catch(() => undefined);
    if (!now || now.get(key)?.etag === etag) return 'unknown';
    return now.has(key) ? 'conflict' : 'written';
  }

  return {
    transact,
    etagAfter: dialect.etagAfter,
    read,
    write,
    get,
    insert,
    update: (key, value, etag) => write([{ key, value, etag }]),
    remove,
  };
}
