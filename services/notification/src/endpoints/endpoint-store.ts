import type { Stored } from '@standing-order/dapr';
import { compareAndSet, type ModifiableStore, modify } from '@standing-order/entity-store/modify';
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
  /** Unique for each change, to detect whether a write with an unknown outcome was stored. */
  readonly nonce: string;
  /** Nonces of the changes before, newest first: a write may be below those of other processes when it is looked for. */
  readonly earlierNonces?: readonly string[];
  readonly hooks: readonly Endpoint[];
}

const KEY = 'webhooks';
/** Version without encrypted secrets. Releases from before encryption support only this version. */
const PLAIN_VERSION = 1;
const ENCRYPTED_VERSION = 2;
/** More than other processes write before a write is looked for. */
const MAX_EARLIER_NONCES = 15;

export interface EndpointStoreOptions {
  readonly store: ModifiableStore;
  readonly cipher: SecretCipher;
  /** Returns a unique value each time. */
  nonce(): string;
}

/** The endpoints in this state store. Other replicas change them, too. */
export function createEndpointStore({ store, cipher, nonce }: EndpointStoreOptions): EndpointStore {
  /** The stored endpoints with decrypted secrets. */
  const parse = (stored: Stored | undefined): readonly Endpoint[] =>
    parseDocument(stored).hooks.map((endpoint) => mapSecrets(endpoint, cipher.decrypt));

  /** The document that follows the stored one by a change with this nonce. */
  function nextDocument(stored: Stored | undefined, endpoints: readonly Endpoint[], own: string): EndpointDocument {
    const hooks = endpoints.map((endpoint) => mapSecrets(endpoint, cipher.encrypt));
    const v = hooks.some((endpoint) => allSecrets(endpoint).some(isEncrypted)) ? ENCRYPTED_VERSION : PLAIN_VERSION;
    const { nonce: newest, earlierNonces = [] } = parseDocument(stored);
    return { v, nonce: own, earlierNonces: [newest, ...earlierNonces].slice(0, MAX_EARLIER_NONCES), hooks };
  }

  /** Writes the endpoints that `decide` returns, if any. */
  async function commit<R>(
    decide: (endpoints: readonly Endpoint[]) => { readonly result: R; readonly endpoints?: readonly Endpoint[] },
  ): Promise<R | 'unknown'> {
    const own = nonce();
    const modified = await modify<R>(
      store,
      KEY,
      (stored) => {
        const { result, endpoints } = decide(parse(stored));
        return endpoints ? { result, write: nextDocument(stored, endpoints, own) } : { result };
      },
      { isOwn: (stored) => hasNonce(stored, own) },
    );
    return 'result' in modified ? modified.result : 'unknown';
  }

  return {
    list: async () => parse(await store.get(KEY)),

    add: (endpoint) =>
      commit<'added' | 'full'>((endpoints) =>
        endpoints.length >= MAX_ENDPOINTS
          ? { result: 'full' }
          : { result: 'added', endpoints: [...endpoints, endpoint] },
      ),

    async change<R extends string>(id: string, decide: (endpoint: Endpoint) => Endpoint | R): Promise<ChangeResult<R>> {
      const result = await commit<ChangeResult<R>>((endpoints) => {
        const endpoint = endpoints.find((each) => each.id === id && !each.deleted);
        if (!endpoint) return { result: { outcome: 'missing' } };
        const next = decide(endpoint);
        if (typeof next === 'string') return { result: { outcome: next } };
        const changed = { ...next, version: endpoint.version + 1 };
        return {
          result: { outcome: 'changed', endpoint: changed },
          endpoints: endpoints.map((each) => (each === endpoint ? changed : each)),
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
      const stored = await store.get(KEY);
      const endpoints = parse(stored);
      const isOutdated = (endpoint: Endpoint) =>
        allSecrets(endpoint).some((secret) => cipher.needsRotation(secret, endpoint.id));
      const hasOutdated = parseDocument(stored).hooks.some(isOutdated);
      if (hasOutdated) await compareAndSet(store, KEY, nextDocument(stored, endpoints, nonce()), stored?.etag);
      return endpoints;
    },
  };
}

/** @throws when this code does not support the version */
function parseDocument(stored: Stored | undefined): EndpointDocument {
  if (!stored) return { v: PLAIN_VERSION, nonce: '', hooks: [] };
  const document = stored.value as EndpointDocument;
  const { v } = document;
  if (v === PLAIN_VERSION || v === ENCRYPTED_VERSION) return document;
  const supported = `${PLAIN_VERSION} and ${ENCRYPTED_VERSION}`;
  throw new Error(`unsupported version ${v} of the endpoints; this code supports ${supported}`);
}

function hasNonce(stored: unknown, own: string): boolean {
  const { nonce, earlierNonces = [] } = stored as EndpointDocument;
  return nonce === own || earlierNonces.includes(own);
}

const mapSecrets = (endpoint: Endpoint, change: (secret: string, endpoint: string) => string): Endpoint => ({
  ...endpoint,
  secret: change(endpoint.secret, endpoint.id),
  previous: endpoint.previous.map((rotated) => ({ ...rotated, secret: change(rotated.secret, endpoint.id) })),
});
