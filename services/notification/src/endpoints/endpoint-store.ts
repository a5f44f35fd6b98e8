import type { StateStore } from '@standing-order/dapr';
import { allSecrets, type Endpoint, MAX_ENDPOINTS } from '../domain/endpoint.ts';
import { isEncrypted } from '../domain/secret.ts';
import type { SecretCipher } from './secret-cipher.ts';

/** unknown: the change may be stored, now or later. `R` is a reason of the caller for not making the change. */
export type ChangeResult<R extends string> =
  | { readonly outcome: 'changed'; readonly endpoint: Endpoint }
  | { readonly outcome: R | 'missing' | 'unknown' };

/**
 * The registered endpoints: one document, in which secrets are encrypted. Methods return decrypted secrets, except those that none
 * of the keys decrypts. Each method rejects with a SidecarError if the document cannot be read.
 */
export interface EndpointStore {
  /** All endpoints, including deleted ones whose documents are still being removed. */
  list(): Promise<readonly Endpoint[]>;
  add(endpoint: Endpoint): Promise<'added' | 'full' | 'unknown'>;
  /** Changes an endpoint with a pure function, which may return a reason instead. A deleted endpoint is `missing`. */
  change<R extends string = never>(id: string, decide: (endpoint: Endpoint) => Endpoint | R): Promise<ChangeResult<R>>;
  /** Removes a deleted endpoint from the document. False: the removal may be stored or not. */
  remove(id: string): Promise<boolean>;
  /** Lists like `list`, and encrypts all secrets with the first key, if the document can be written now. */
  reencrypt(): Promise<readonly Endpoint[]>;
}

/** The document `webhooks`. */
interface EndpointDocument {
  readonly v: number;
  /** Unique for each write, to detect whether a write with an unknown outcome was stored. */
  readonly nonce: string;
  readonly hooks: readonly Endpoint[];
}

const KEY = 'webhooks';
/** Version without encrypted secrets. Releases from before encryption support only this version. */
const PLAIN_VERSION = 1;
const ENCRYPTED_VERSION = 2;
/** Maximum number of attempts when other writers change the document at the same time. */
const MAX_ATTEMPTS = 8;

export interface EndpointStoreOptions {
  readonly store: Pick<StateStore, 'get' | 'insert' | 'update'>;
  readonly cipher: SecretCipher;
  /** Returns a unique value each time. */
  nonce(): string;
}

/** The endpoints in this state store. Other replicas change them, too. */
export function createEndpointStore({ store, cipher, nonce }: EndpointStoreOptions): EndpointStore {
  async function read(): Promise<{
    document: EndpointDocument;
    endpoints: readonly Endpoint[];
    etag: string | undefined;
  }> {
    const stored = await store.get(KEY);
    if (!stored) return { document: { v: PLAIN_VERSION, nonce: '', hooks: [] }, endpoints: [], etag: undefined };
    const document = stored.value as EndpointDocument;
    const { v } = document;
    if (v !== PLAIN_VERSION && v !== ENCRYPTED_VERSION) {
      const supported = `${PLAIN_VERSION} and ${ENCRYPTED_VERSION}`;
      throw new Error(`unsupported version ${v} of the endpoints; this code supports ${supported}`);
    }
    const endpoints = document.hooks.map((endpoint) => mapSecrets(endpoint, cipher.decrypt));
    return { document, endpoints, etag: stored.etag };
  }

  async function write(
    endpoints: readonly Endpoint[],
    etag: string | undefined,
  ): Promise<'written' | 'conflict' | 'unknown'> {
    const hooks = endpoints.map((endpoint) => mapSecrets(endpoint, cipher.encrypt));
    const v = hooks.some((endpoint) => allSecrets(endpoint).some(isEncrypted)) ? ENCRYPTED_VERSION : PLAIN_VERSION;
    const document: EndpointDocument = { v, nonce: nonce(), hooks };
    const outcome = await (etag === undefined ? store.insert(KEY, document) : store.update(KEY, document, etag));
    if (outcome === 'written' || outcome === 'created') return 'written';
    if (outcome === 'conflict' || outcome === 'exists') return 'conflict';
    const stored = await read().catch(() => undefined);
    return stored?.document.nonce === document.nonce ? 'written' : 'unknown';
  }

  /** Writes the endpoints that `decide` returns, unless it returns a refusal. */
  async function commit<R>(
    decide: (endpoints: readonly Endpoint[]) => { endpoints: readonly Endpoint[]; result: R } | { refused: R },
  ): Promise<R | 'unknown'> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { endpoints, etag } = await read();
      const decision = decide(endpoints);
      if ('refused' in decision) return decision.refused;
      const outcome = await write(decision.endpoints, etag);
      if (outcome === 'written') return decision.result;
      if (outcome === 'unknown') return 'unknown';
    }
    return 'unknown';
  }

  return {
    list: async () => (await read()).endpoints,

    add: (endpoint) =>
      commit<'added' | 'full'>((endpoints) =>
        endpoints.length >= MAX_ENDPOINTS
          ? { refused: 'full' }
          : { endpoints: [...endpoints, endpoint], result: 'added' },
      ),

    async change<R extends string>(id: string, decide: (endpoint: Endpoint) => Endpoint | R): Promise<ChangeResult<R>> {
      const result = await commit<ChangeResult<R>>((endpoints) => {
        const endpoint = endpoints.find((each) => each.id === id && !each.deleted);
        if (!endpoint) return { refused: { outcome: 'missing' } };
        const next = decide(endpoint);
        if (typeof next === 'string') return { refused: { outcome: next } };
        const changed = { ...next, version: endpoint.version + 1 };
        return {
          endpoints: endpoints.map((each) => (each === endpoint ? changed : each)),
          result: { outcome: 'changed', endpoint: changed },
        };
      });
      return result === 'unknown' ? { outcome: 'unknown' } : result;
    },

    async remove(id) {
      const without = (endpoints: readonly Endpoint[]) =>
        endpoints.filter((endpoint) => endpoint.id !== id || !endpoint.deleted);
      const result = await commit((endpoints) => ({ endpoints: without(endpoints), result: 'removed' as const }));
      return result === 'removed';
    },

    async reencrypt() {
      const { document, endpoints, etag } = await read();
      const isOutdated = (endpoint: Endpoint) =>
        allSecrets(endpoint).some((secret) => cipher.needsRotation(secret, endpoint.id));
      if (document.hooks.some(isOutdated)) await write(endpoints, etag);
      return endpoints;
    },
  };
}

const mapSecrets = (endpoint: Endpoint, change: (secret: string, endpoint: string) => string): Endpoint => ({
  ...endpoint,
  secret: change(endpoint.secret, endpoint.id),
  previous: endpoint.previous.map((rotated) => ({ ...rotated, secret: change(rotated.secret, endpoint.id) })),
});
