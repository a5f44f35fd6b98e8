import type { StateStore } from '@standing-order/dapr';
import { type Hook, MOST_HOOKS, secretsIn } from '../domain/endpoint.ts';
import { isSealed, type Vault } from './secret-cipher.ts';

/** unknown: it may be stored, now or later. */
export type Changed<R extends string> =
  | { readonly outcome: 'changed'; readonly hook: Hook }
  | { readonly outcome: R | 'missing' | 'unknown' };

/**
 * Every registered webhook, in one document, with their secrets sealed; out of it they come opened, but for those that none of
 * the keys opens. What can't be read rejects with a SidecarError.
 */
export interface Hooks {
  /** Those being removed included. */
  all(): Promise<readonly Hook[]>;
  add(hook: Hook): Promise<'added' | 'full' | 'unknown'>;
  /** Changes a webhook by a pure function, which may say why it does not. One that is being removed is missing. */
  change<R extends string = never>(id: string, decide: (hook: Hook) => Hook | R): Promise<Changed<R>>;
  /** Forgets one that was deleted. */
  forget(id: string): Promise<boolean>;
  /** Like `all`. Seals with the first key what is not, if that can be written now. */
  reseal(): Promise<readonly Hook[]>;
}

/** The document `webhooks`. */
interface Directory {
  readonly v: number;
  /** Tells each write from every other one. */
  readonly nonce: string;
  readonly hooks: readonly Hook[];
}

const KEY = 'webhooks';
/** Of a document without sealed secrets, which code from before there were any reads, too; and of one with. */
const CLEAR = 1;
const SEALED = 2;
/** Races that may be lost. */
const ATTEMPTS = 8;

export interface HooksOptions {
  readonly store: Pick<StateStore, 'get' | 'insert' | 'update'>;
  readonly vault: Vault;
  /** Unique, each time. */
  nonce(): string;
}

/** The webhooks in this store. Other replicas change them, too. */
export function createHooks({ store, vault, nonce }: HooksOptions): Hooks {
  async function read(): Promise<{ directory: Directory; hooks: readonly Hook[]; etag: string | undefined }> {
    const stored = await store.get(KEY);
    if (!stored) return { directory: { v: CLEAR, nonce: '', hooks: [] }, hooks: [], etag: undefined };
    const directory = stored.value as Directory;
    const { v } = directory;
    if (v !== CLEAR && v !== SEALED)
      throw new Error(`webhooks of version ${v}; this code reads ${CLEAR} and ${SEALED}`);
    return { directory, hooks: directory.hooks.map((hook) => withSecrets(hook, vault.open)), etag: stored.etag };
  }

  async function write(hooks: readonly Hook[], etag: string | undefined): Promise<'written' | 'conflict' | 'unknown'> {
    const sealed = hooks.map((hook) => withSecrets(hook, vault.seal));
    const v = sealed.some((hook) => secretsIn(hook).some(isSealed)) ? SEALED : CLEAR;
    const directory: Directory = { v, nonce: nonce(), hooks: sealed };
    const outcome = await (etag === undefined ? store.insert(KEY, directory) : store.update(KEY, directory, etag));
    if (outcome === 'written' || outcome === 'created') return 'written';
    if (outcome === 'conflict' || outcome === 'exists') return 'conflict';
    const now = await read().catch(() => undefined);
    return now?.directory.nonce === directory.nonce ? 'written' : 'unknown';
  }

  /** Writes what `decide` makes of all webhooks, or hears why it makes nothing. */
  async function commit<R>(
    decide: (hooks: readonly Hook[]) => { hooks: readonly Hook[]; result: R } | { refused: R },
  ): Promise<R | 'unknown'> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { hooks, etag } = await read();
      const decision = decide(hooks);
      if ('refused' in decision) return decision.refused;
      const outcome = await write(decision.hooks, etag);
      if (outcome === 'written') return decision.result;
      if (outcome === 'unknown') return 'unknown';
    }
    return 'unknown';
  }

  return {
    all: async () => (await read()).hooks,

    add: (hook) =>
      commit<'added' | 'full'>((hooks) =>
        hooks.length >= MOST_HOOKS ? { refused: 'full' } : { hooks: [...hooks, hook], result: 'added' },
      ),

    async change<R extends string>(id: string, decide: (hook: Hook) => Hook | R): Promise<Changed<R>> {
      const result = await commit<Changed<R>>((hooks) => {
        const hook = hooks.find((each) => each.id === id && !each.deleted);
        if (!hook) return { refused: { outcome: 'missing' } };
        const next = decide(hook);
        if (typeof next === 'string') return { refused: { outcome: next } };
        const changed = { ...next, version: hook.version + 1 };
        return {
          hooks: hooks.map((each) => (each === hook ? changed : each)),
          result: { outcome: 'changed', hook: changed },
        };
      });
      return result === 'unknown' ? { outcome: 'unknown' } : result;
    },

    async forget(id) {
      const kept = (hooks: readonly Hook[]) => hooks.filter((hook) => hook.id !== id || !hook.deleted);
      return (await commit((hooks) => ({ hooks: kept(hooks), result: 'gone' as const }))) === 'gone';
    },

    async reseal() {
      const { directory, hooks, etag } = await read();
      const isDated = (hook: Hook) => secretsIn(hook).some((secret) => vault.isDated(secret, hook.id));
      if (directory.hooks.some(isDated)) await write(hooks, etag);
      return hooks;
    },
  };
}

const withSecrets = (hook: Hook, change: (secret: string, webhook: string) => string): Hook => ({
  ...hook,
  secret: change(hook.secret, hook.id),
  previous: hook.previous.map((old) => ({ ...old, secret: change(old.secret, hook.id) })),
});
