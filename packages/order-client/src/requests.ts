import { isDeepStrictEqual } from 'node:util';
import { fieldFault, orderRequest, orderView, traceParent } from '@standing-order/contracts';
import type { StateStore } from '@standing-order/dapr';
import { z } from 'zod';

/** settled: the order as it was decided. refused: the request was none that the order service takes; there is no order. */
export const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('settled'), order: orderView }),
  z.object({ kind: z.literal('refused'), detail: z.string(), errors: z.array(fieldFault) }),
]);
export type Outcome = z.infer<typeof outcome>;

const record = z.object({
  v: z.literal(1),
  id: z.string(),
  order: orderRequest,
  /** Unix time in milliseconds. */
  placedAt: z.number(),
  trace: z.object({ traceparent: traceParent, tracestate: z.string().optional() }).optional(),
  outcome: outcome.optional(),
});

/** A request as it is kept, from before it is sent until it is forgotten. */
export type Record = z.infer<typeof record>;

/** Nobody has placed a request of this id, or it was forgotten. */
export class UnknownRequestError extends Error {
  override readonly name = 'UnknownRequestError';
}

/** The id belongs to a request for another order. */
export class IdReusedError extends Error {
  override readonly name = 'IdReusedError';
}

/** The requests of one client, in its own state store. */
export interface Records {
  /** The stored one, where the same request is stored already. Rejects with an IdReusedError, or when it cannot be read. */
  find(record: Record): Promise<Record | undefined>;
  /** Stores it; gives the stored one where the same request is stored already. Rejects when it is not known to be stored. */
  keep(record: Record): Promise<Record>;
  /** Missing ones are missing from the result. */
  read(ids: readonly string[]): Promise<ReadonlyMap<string, Record>>;
  /** The first outcome counts. False: not stored, try again. */
  settle(outcomes: ReadonlyMap<string, Outcome>): Promise<boolean>;
  forget(id: string): Promise<boolean>;
}

const ATTEMPTS = 3;

export function createRecords(store: StateStore, prefix: string): Records {
  const keyOf = (id: string) => prefix + id;

  async function stored(ids: Iterable<string>) {
    const found = await store.read([...ids].map(keyOf));
    return new Map([...found].map(([key, { value, etag }]) => [key.slice(prefix.length), { value, etag }]));
  }

  async function find(wanted: Record): Promise<Record | undefined> {
    const existing = await store.get(keyOf(wanted.id));
    if (!existing) return undefined;
    const found = record.parse(existing.value);
    if (isDeepStrictEqual(found.order, wanted.order)) return found;
    throw new IdReusedError(`${wanted.id} belongs to a request for another order`);
  }

  return {
    find,

    async keep(wanted) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const result = await store.insert(keyOf(wanted.id), wanted);
        if (result === 'created') return wanted;
        if (result === 'refused') break;
        const found = await find(wanted);
        if (found) return found;
      }
      throw new Error(
        `the state store has not confirmed request ${wanted.id}; it is sent if it turns out to be stored`,
      );
    },

    async read(ids) {
      return new Map([...(await stored(ids))].map(([id, { value }]) => [id, record.parse(value)]));
    },

    async settle(outcomes) {
      const found = await stored(outcomes.keys());
      const items = [...found].flatMap(([id, { value, etag }]) => {
        const known = record.parse(value);
        return known.outcome ? [] : [{ key: keyOf(id), value: { ...known, outcome: outcomes.get(id) }, etag }];
      });
      return items.length === 0 || (await store.write(items)) === 'written';
    },

    forget: async (id) => (await store.remove(keyOf(id))) === 'written',
  };
}
