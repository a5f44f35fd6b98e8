import { Code } from '@connectrpc/connect';
import { chunksOf, fits } from '../sidecar/chunks.ts';
import type { SidecarClient } from '../sidecar/client.ts';
import { isRefusal } from '../sidecar/outcomes.ts';
import {
  type InsertOutcome,
  type Operation,
  SidecarError,
  type StateStore,
  type TransactionOutcome,
  type WriteItem,
  type WriteOutcome,
} from '../types.ts';
import type { Dialect } from './dialects.ts';
import {
  insertItem,
  isValidKey,
  itemBytes,
  operationBytes,
  transactionOperations,
  updateItem,
  type ValueItem,
} from './items.ts';
import { createReads } from './reads.ts';

/** Maximum time from the call of `write` to its last request. */
const WRITE_WITHIN_MS = 10_000;

/** Returns whether at most `ms` have passed since, by both clocks: the monotonic clock of a suspended machine may stop. */
function within(ms: number): () => boolean {
  const [monotonic, wall] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - monotonic, Math.abs(Date.now() - wall)) <= ms;
}

/** The error of a request; undefined when it succeeded. */
async function errorOf(request: Promise<unknown>): Promise<SidecarError | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (error instanceof SidecarError) return error;
    throw error;
  }
}

/** The state store component of this name, through the sidecar. */
export function createStore(client: SidecarClient, storeName: string, dialect: Dialect): StateStore {
  const { get, read } = createReads(client, storeName, dialect);

  const save = (operation: string, states: ValueItem[]): Promise<SidecarError | undefined> =>
    errorOf(client.send(operation, (dapr, options) => dapr.saveState({ storeName, states }, options)));

  /**
   * A transaction that failed may have been applied: Redis does not roll back, and a lost reply of the store looks the same as a
   * failure.
   */
  async function transact(operations: readonly Operation[]): Promise<TransactionOutcome> {
    if (!fits(operations, operationBytes) || !operations.every(({ key }) => isValidKey(key))) return 'refused';
    const request = { storeName, operations: transactionOperations(operations, dialect) };
    const error = await errorOf(
      client.send('state transact', (dapr, options) => dapr.executeStateTransaction(request, options)),
    );
    if (!error) return 'committed';
    return isRefusal(error) ? 'refused' : 'unknown';
  }

  /**
   * Dapr's Redis store reports every failure of a write with an ETag as a conflict, a lost connection included. The conflict of one
   * of several items hides their other errors. So a conflict counts only when a read shows that no item still has the version
   * that it was to be written over.
   */
  async function confirmConflict(expected: readonly Pick<WriteItem, 'key' | 'etag'>[]): Promise<WriteOutcome> {
    const now = await read(expected.map(({ key }) => key)).catch(() => undefined);
    if (!now) return 'unknown';
    return expected.some(({ key, etag }) => now.get(key)?.etag === etag) ? 'unknown' : 'conflict';
  }

  /**
   * Several requests if the items do not fit into one. After a pause of this process the rest is not sent, because its items may
   * be too old (ADR 0120).
   */
  async function write(items: readonly WriteItem[]): Promise<WriteOutcome> {
    const isInTime = within(WRITE_WITHIN_MS);
    let outcome: WriteOutcome = 'written';
    let from = 0;
    for (const chunk of chunksOf(items.map(updateItem), itemBytes)) {
      if (!isInTime()) return 'unknown';
      const written = items.slice(from, from + chunk.items.length);
      from += chunk.items.length;
      if (chunk.tooLarge) {
        // Only this item is not written. An outcome for each item is not part of the port.
        outcome = 'unknown';
        continue;
      }
      const error = await save('state write', [...chunk.items]);
      if (!error) continue;
      if (error.code !== Code.Aborted || (await confirmConflict(written)) === 'unknown') return 'unknown';
      if (outcome === 'written') outcome = 'conflict';
    }
    return outcome;
  }

  /** For a key that exists, Redis returns Aborted and PostgreSQL Internal. Both have other meanings too, so the key is read. */
  async function insert(key: string, value: unknown, expiresInSeconds?: number): Promise<InsertOutcome> {
    const item = insertItem(key, value, dialect, expiresInSeconds);
    if (!fits([item], itemBytes) || !isValidKey(key)) return 'refused';
    const error = await save('state insert', [item]);
    if (!error) return 'created';
    if (isRefusal(error)) return 'refused';
    return (await get(key).catch(() => undefined)) ? 'exists' : 'unknown';
  }

  async function remove(key: string): Promise<WriteOutcome> {
    const error = await errorOf(
      client.send('state remove', (dapr, options) => dapr.deleteState({ storeName, key }, options)),
    );
    return error ? 'unknown' : 'written';
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
