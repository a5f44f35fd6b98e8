import { chunksOf, MAX_BODY_BYTES } from '../sidecar/body-chunks.ts';
import type { SidecarClient, SidecarResponse } from '../sidecar/http-client.ts';
import { isOk, isRefusal, transactionOutcome } from '../sidecar/responses.ts';
import type { InsertOutcome, Operation, StateStore, TransactionOutcome, WriteItem, WriteOutcome } from '../types.ts';
import { type Dialect, transactionBody } from './dialects.ts';
import { createReads, pathOf } from './reads.ts';

/**
 * The request field that makes an item expire, for single writes only. Redis sets the expiry by a second command, after
 * the write has succeeded. In a transaction it would run also when the insertion before it has failed, and the existing
 * value would expire.
 */
const expiry = (seconds: number | undefined): { readonly metadata?: { readonly ttlInSeconds: string } } =>
  seconds === undefined ? {} : { metadata: { ttlInSeconds: String(seconds) } };

/** The response, or undefined when the request failed: its outcome is unknown, and the client has logged the failure. */
const responseOf = (request: Promise<SidecarResponse>): Promise<SidecarResponse | undefined> =>
  request.catch(() => undefined);

/** The state store component of this name, through the sidecar. */
export function createStore(client: SidecarClient, name: string, dialect: Dialect): StateStore {
  const path = pathOf(name);
  const { get, read } = createReads(client, path, dialect);
  const post = (operation: string, to: string, body: string): Promise<SidecarResponse> =>
    client.send({ operation: `state ${operation}`, method: 'POST', path: to, body });

  async function transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    const body = transactionBody(operations, dialect);
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return 'refused';
    const response = await responseOf(post('transact', `${path}/transaction`, body));
    return response ? transactionOutcome(response) : 'unknown';
  }

  /**
   * Dapr's Redis store reports every failure of a write with an ETag as a conflict, a lost connection included. A 409 for
   * several items hides their other errors. So a 409 counts as a conflict only when a read shows that no item still has the
   * version that it was to be written over.
   */
  async function confirmConflict(expected: readonly Pick<WriteItem, 'key' | 'etag'>[]): Promise<WriteOutcome> {
    const now = await read(expected.map(({ key }) => key)).catch(() => undefined);
    if (!now) return 'unknown';
    return expected.some(({ key, etag }) => now.get(key)?.etag === etag) ? 'unknown' : 'conflict';
  }

  async function writeChunk(items: readonly WriteItem[], body: string): Promise<WriteOutcome> {
    const response = await responseOf(post('write', path, body));
    if (response && isOk(response)) return 'written';
    return response?.status === 409 ? confirmConflict(items) : 'unknown';
  }

  async function write(items: readonly WriteItem[]): Promise<WriteOutcome> {
    let outcome: WriteOutcome = 'written';
    const toJson = ({ expiresInSeconds, ...item }: WriteItem) =>
      JSON.stringify({ ...item, ...expiry(expiresInSeconds) });
    for (const chunk of chunksOf(items, toJson)) {
      const result = chunk.tooLarge ? 'unknown' : await writeChunk(chunk.items, chunk.body);
      if (result === 'unknown') return 'unknown';
      if (result === 'conflict') outcome = 'conflict';
    }
    return outcome;
  }

  /** For a key that exists, Redis responds 409 and PostgreSQL 500. Both have other meanings too, so the key is read. */
  async function insert(key: string, value: unknown, expiresInSeconds?: number): Promise<InsertOutcome> {
    const body = JSON.stringify([{ key, value, ...dialect.insertOnly, ...expiry(expiresInSeconds) }]);
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return 'refused';
    const response = await responseOf(post('insert', path, body));
    if (!response) return 'unknown';
    if (isOk(response)) return 'created';
    if (isRefusal(response)) return 'refused';
    return (await get(key).catch(() => undefined)) ? 'exists' : 'unknown';
  }

  async function remove(key: string): Promise<WriteOutcome> {
    const response = await responseOf(
      client.send({ operation: 'state remove', method: 'DELETE', path: pathOf(name, key) }),
    );
    return response && isOk(response) ? 'written' : 'unknown';
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
