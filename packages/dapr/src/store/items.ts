import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransactionalStateOperationSchema } from '@dapr/dapr/proto/dapr/proto/runtime/v1/dapr_pb.js';
import type { Operation, WriteItem } from '../types.ts';
import type { Dialect, StateItemInit } from './dialects.ts';

/** An item with its value, which is JSON in UTF-8. The stores keep these bytes as they are. */
export type ValueItem = StateItemInit & { readonly key: string; readonly value: Uint8Array };
type OperationInit = MessageInitShape<typeof TransactionalStateOperationSchema>;

const bytesOfJson = (json: string): Uint8Array => Buffer.from(json);

/**
 * Makes an item expire, in single writes only. Redis sets the expiry by a second command, after the write has succeeded. In a
 * transaction it would run also when the insertion before it has failed, and the existing value would expire.
 */
const expiry = (seconds: number | undefined): Pick<StateItemInit, 'metadata'> =>
  seconds === undefined ? {} : { metadata: { ttlInSeconds: String(seconds) } };

/** An item that creates a key only. */
export const insertItem = (key: string, value: unknown, dialect: Dialect, expiresInSeconds?: number): ValueItem => ({
  key,
  value: bytesOfJson(JSON.stringify(value)),
  ...dialect.insertOnly,
  ...expiry(expiresInSeconds),
});

/** An item that is written over one version only. */
export const updateItem = ({ key, value, etag, expiresInSeconds }: WriteItem): ValueItem => ({
  key,
  value: bytesOfJson(JSON.stringify(value)),
  etag: { value: etag },
  ...expiry(expiresInSeconds),
});

/** The operations of a transaction. The values are JSON text already, and are not serialised again. */
export const transactionOperations = (operations: readonly Operation[], { insertOnly }: Dialect): OperationInit[] =>
  operations.map((operation) => {
    const { op, key } = operation;
    if (op === 'delete') return { operationType: 'delete', request: { key } };
    const item = { key, value: bytesOfJson(operation.json) };
    return { operationType: 'upsert', request: op === 'insert' ? { ...item, ...insertOnly } : item };
  });

/** The size of an item in a request, without what `chunksOf` adds for each item. */
export const itemBytes = ({ key, value }: ValueItem): number => Buffer.byteLength(key) + value.length;

/** The same for an operation of a transaction. */
export const operationBytes = (operation: Operation): number =>
  Buffer.byteLength(operation.key) + (operation.op === 'delete' ? 0 : Buffer.byteLength(operation.json));

/** Whether Dapr accepts the key. It keeps `||` for its own prefix, and refuses a request with such a key. */
export const isValidKey = (key: string): boolean => !key.includes('||');
