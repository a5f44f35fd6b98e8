import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type StateItemSchema,
  StateOptions_StateConcurrency,
} from '@dapr/dapr/proto/dapr/proto/common/v1/common_pb.js';
import { type Component, UnsupportedComponentError } from '../types.ts';

/** One item of a request that changes state. */
export type StateItemInit = Exclude<MessageInitShape<typeof StateItemSchema>, { $typeName: string }>;

/**
 * Dapr gives every state store the same API, and the stores implement it differently. The table was
 * observed with daprd 1.18.1, Redis 7.0 and PostgreSQL 15.
 *
 * | | Redis | PostgreSQL v2 |
 * |---|---|---|
 * | insert only by `etag: "-1"` | works: fails if the key exists. | always fails, also on an absent key. |
 * | insert only by `first-write` without an ETag | silently overwrites in transactions. | works. |
 * | bulk get that fails | an error for each key. | **success with the keys missing, if the connection fails between query and rows**. |
 *
 * So each store has a dialect, chosen by the component's type. A store without one is refused.
 */
export interface Dialect {
  readonly name: 'redis' | 'postgresql';
  /** The fields that make an upsert create only, in a transaction as well as in a single write. */
  readonly insertOnly: Pick<StateItemInit, 'etag' | 'options'>;
  /** Whether a bulk get that fails returns its keys as missing. A get of one key reports the failure. */
  readonly hidesFailedReads: boolean;
  /** `etagAfter` of the store port. Redis counts the writes of a key; the ETags of PostgreSQL are transaction numbers. */
  etagAfter(etag: string | undefined): string | undefined;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'state.redis/v1': {
    name: 'redis',
    insertOnly: { etag: { value: '-1' } },
    hidesFailedReads: false,
    etagAfter: (etag) => String(Number(etag ?? 0) + 1),
  },
  'state.postgresql/v2': {
    name: 'postgresql',
    insertOnly: { options: { concurrency: StateOptions_StateConcurrency.CONCURRENCY_FIRST_WRITE } },
    hidesFailedReads: true,
    etagAfter: () => undefined,
  },
};

/** The dialect of a component. @throws UnsupportedComponentError with the reason, when it has none */
export function dialectOf(name: string, components: readonly Component[]): Dialect {
  const component = components.find((candidate) => candidate.name === name);
  if (!component) throw new UnsupportedComponentError(`the sidecar has no component "${name}"`);
  const kind = `${component.type}/${component.version}`;
  const dialect = DIALECTS[kind];
  if (dialect) return dialect;
  throw new UnsupportedComponentError(
    `component "${name}" is a ${kind}, which is not supported; use one of ${Object.keys(DIALECTS).join(', ')}`,
  );
}
