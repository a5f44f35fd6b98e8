import { type Component, type Operation, UnsupportedComponentError } from './types.ts';

/**
 * Dapr gives every state store the same API, and the stores give it different meanings. What was seen on daprd 1.18.1 with
 * Redis 7.0 and PostgreSQL 15:
 *
 * insert only                      | Redis                              | PostgreSQL v2
 * `etag: "-1"`                     | works: fails if the key exists     | always fails, also on an absent key
 * `first-write` without an ETag    | silently overwrites in transactions| works
 * bulk get that fails              | an error for each key              | **200 with the keys missing**
 *
 * So each store has its own way, chosen by the component's type, and no other store is let in unseen.
 */
export interface Dialect {
  readonly name: 'redis' | 'postgresql';
  /** What makes an upsert create only, in a transaction as well as in a single write. */
  readonly insertOnly: Readonly<Record<string, unknown>>;
  /** A bulk get that times out or loses its connection says that its keys are missing; a get of one key reports the failure. */
  readonly hidesFailedReads: boolean;
  /** The port's etagAfter. Redis counts the writes of a key; PostgreSQL's ETags are transaction numbers. */
  etagAfter(etag: string | undefined): string | undefined;
}

const dialects: Readonly<Record<string, Dialect>> = {
  'state.redis/v1': {
    name: 'redis',
    insertOnly: { etag: '-1' },
    hidesFailedReads: false,
    etagAfter: (etag) => String(Number(etag ?? 0) + 1),
  },
  'state.postgresql/v2': {
    name: 'postgresql',
    insertOnly: { options: { concurrency: 'first-write' } },
    hidesFailedReads: true,
    etagAfter: () => undefined,
  },
};

/** The dialect of a component. Throws UnsupportedComponentError, with the reason, when it has none. */
export function dialectOf(name: string, components: readonly Component[]): Dialect {
  const component = components.find((candidate) => candidate.name === name);
  if (!component) throw new UnsupportedComponentError(`the sidecar has no component "${name}"`);
  const kind = `${component.type}/${component.version}`;
  const dialect = dialects[kind];
  if (dialect) return dialect;
  throw new UnsupportedComponentError(
    `component "${name}" is a ${kind}; what its transactions and ETags do was only established for ${Object.keys(dialects).join(' and ')}`,
  );
}

/** The body of a state transaction. Values are JSON text already, and are not made a second time. */
export function transactionBody(operations: readonly Operation[], { insertOnly }: Dialect): string {
  const condition = JSON.stringify(insertOnly).slice(1, -1);
  const texts = operations.map((operation) => {
    const key = JSON.stringify(operation.key);
    if (operation.op === 'delete') return `{"operation":"delete","request":{"key":${key}}}`;
    const more = operation.op === 'insert' ? `,${condition}` : '';
    return `{"operation":"upsert","request":{"key":${key},"value":${operation.json}${more}}}`;
  });
  return `{"operations":[${texts.join(',')}]}`;
}
