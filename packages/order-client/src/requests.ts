import { isDeepStrictEqual } from 'node:util';
import { fieldFault, orderRequest, orderView, traceParent } from '@standing-order/contracts';
import type { StateStore } from '@standing-order/dapr';
import { warnRateLimited } from '@standing-order/service-kit/telemetry';
import { z } from 'zod';

/** settled: the order after its decision. refused: the order service could not accept the request; there is no order. */
export const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('settled'), order: orderView }),
  z.object({ kind: z.literal('refused'), detail: z.string(), errors: z.array(fieldFault) }),
]);
export type Outcome = z.infer<typeof outcome>;

const placedRequest = z.object({
  v: z.literal(1),
  id: z.string(),
  order: orderRequest,
  /** Unix time in milliseconds. */
  placedAt: z.number(),
  trace: z.object({ traceparent: traceParent, tracestate: z.string().optional() }).optional(),
  outcome: outcome.optional(),
});

/** A request in the client's state store. It is stored before it is sent, until it is removed. */
export type PlacedRequest = z.infer<typeof placedRequest>;

/** No request with this id was placed, or it was removed. */
export class UnknownRequestError extends Error {
  override readonly name = 'UnknownRequestError';
}

/** The id belongs to a request for another order. */
export class IdReusedError extends Error {
  override readonly name = 'IdReusedError';
}

/** Stored requests by id. An id in neither part is unknown. */
export interface StoredRequests {
  readonly requests: ReadonlyMap<string, PlacedRequest>;
  /** Ids whose request is stored in a form that this version cannot read. They concern no other request. */
  readonly unreadable: ReadonlySet<string>;
}

/** The requests of one client, in its own state store. */
export interface RequestStore {
  /** Finds the stored request with the same id and order. Rejects with an IdReusedError, or if the store cannot be read. */
  find(request: PlacedRequest): Promise<PlacedRequest | undefined>;
  /** Stores a request. Resolves with the stored one if the same request exists. Rejects if the store does not confirm it. */
  add(request: PlacedRequest): Promise<PlacedRequest>;
  /** Reads requests by id. Rejects if the store cannot be read. */
  read(ids: readonly string[]): Promise<StoredRequests>;
  /**
   * Stores outcomes of requests without one: the first outcome counts. Returns the ids whose outcome is not stored: try these again.
   * Rejects if the store cannot be read.
   */
  addOutcomes(outcomes: ReadonlyMap<string, Outcome>): Promise<ReadonlySet<string>>;
  /** False: the store does not confirm the removal. */
  remove(id: string): Promise<boolean>;
}

const MAX_ATTEMPTS = 3;

export function createRequestStore(store: StateStore, prefix: string): RequestStore {
  const keyOf = (id: string) => prefix + id;

  async function readStored(ids: Iterable<string>): Promise<StoredRequests & { etags: ReadonlyMap<string, string> }> {
    const requests = new Map<string, PlacedRequest>();
    const unreadable = new Set<string>();
    const etags = new Map<string, string>();
    for (const [key, { value, etag }] of await store.read([...ids].map(keyOf))) {
      const id = key.slice(prefix.length);
      const { data, error } = placedRequest.safeParse(value);
      if (data) {
        requests.set(id, data);
        etags.set(id, etag);
      } else {
        unreadable.add(id);
        warnRateLimited('client request', { err: error, request: id }, 'a stored request cannot be read');
      }
    }
    return { requests, unreadable, etags };
  }

  async function find(wanted: PlacedRequest): Promise<PlacedRequest | undefined> {
    const stored = await store.get(keyOf(wanted.id));
    if (!stored) return undefined;
    const found = placedRequest.parse(stored.value);
    if (isDeepStrictEqual(found.order, wanted.order)) return found;
    throw new IdReusedError(`${wanted.id} belongs to a request for another order`);
  }

  return {
    find,

    async add(request) {
      // An insert that is read back, not a compare-and-set: a stored request is never written over.
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const result = await store.insert(keyOf(request.id), request);
        if (result === 'created') return request;
        if (result === 'refused') break;
        const found = await find(request);
        if (found) return found;
      }
      throw new Error(
        `the state store has not confirmed request ${request.id}; the request is sent if it turns out to be stored`,
      );
    },

    read: readStored,

    async addOutcomes(outcomes) {
      const { requests, unreadable, etags } = await readStored(outcomes.keys());
      const open = [...requests].filter(([, request]) => !request.outcome);
      const items = open.map(([id, request]) => ({
        key: keyOf(id),
        value: { ...request, outcome: outcomes.get(id) },
        etag: etags.get(id) ?? '',
      }));
      const isWritten = items.length === 0 || (await store.write(items)) === 'written';
      return isWritten ? unreadable : new Set([...unreadable, ...open.map(([id]) => id)]);
    },

    remove: async (id) => (await store.remove(keyOf(id))) === 'written',
  };
}
