import { isRefusal, ok, transactionOutcome } from './answers.ts';
import { chunksOf, MAX_BODY_BYTES } from './chunks.ts';
import type { Answer, SidecarClient } from './client.ts';
import { type Dialect, transactionBody } from './dialects.ts';
import { createReads, pathOf } from './reads.ts';
import type { InsertOutcome, Operation, StateStore, TransactionOutcome, WriteOutcome } from './types.ts';

type Item = { readonly key: string; readonly value: unknown; readonly etag: string };

/** A call that failed has no outcome that one could know; the client has reported it. */
const answerOf = (call: Promise<Answer>): Promise<Answer | undefined> => call.catch(() => undefined);

export function createStore(client: SidecarClient, name: string, dialect: Dialect): StateStore {
  const path = pathOf(name);
  const { get, read } = createReads(client, path, dialect);
  const post = (operation: string, to: string, body: string): Promise<Answer> =>
    client.call({ operation: `state ${operation}`, method: 'POST', path: to, body });

  async function transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    const body = transactionBody(operations, dialect);
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return 'refused';
    const answer = await answerOf(post('transact', `${path}/transaction`, body));
    return answer ? transactionOutcome(answer) : 'unknown';
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

  async function remove(key: string): Promise<WriteOutcome> {
    const answer = await answerOf(
      client.call({ operation: 'state remove', method: 'DELETE', path: pathOf(name, key) }),
    );
    return answer && ok(answer) ? 'written' : 'unknown';
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
