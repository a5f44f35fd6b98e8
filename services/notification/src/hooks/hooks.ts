import type { StateStore } from '@standing-order/platform/dapr';
import { type Hook, MOST_HOOKS } from './hook.ts';

/** unknown: it may be stored, now or later. */
export type Changed<R extends string> =
  | { readonly outcome: 'changed'; readonly hook: Hook }
  | { readonly outcome: R | 'missing' | 'unknown' };

/** Every registered webhook, in one document. What can't be read rejects with a SidecarError. */
export interface Hooks {
  /** Those being removed included. */
  all(): Promise<readonly Hook[]>;
  add(hook: Hook): Promise<'added' | 'full' | 'unknown'>;
  /** Changes a webhook by a pure function, which may say why it does not. One that is being removed is missing. */
  change<R extends string = never>(id: string, decide: (hook: Hook) => Hook | R): Promise<Changed<R>>;
  /** Forgets one that was deleted. */
  forget(id: string): Promise<boolean>;
}

/** The document `webhooks`. */
interface Directory {
  readonly v: number;
  /** Tells each write from every other one. */
  readonly nonce: string;
  readonly hooks: readonly Hook[];
}

const KEY = 'webhooks';
const VERSION = 1;
/** Races that may be lost. */
const ATTEMPTS = 8;

export interface HooksOptions {
  readonly store: Pick<StateStore, 'get' | 'insert' | 'update'>;
  /** Unique, each time. */
  nonce(): string;
}

export function createHooks({ store, nonce }: HooksOptions): Hooks {
  async function read(): Promise<{ directory: Directory; etag: string | undefined }> {
    const stored = await store.get(KEY);
    if (!stored) return { directory: { v: VERSION, nonce: '', hooks: [] }, etag: undefined };
    const directory = stored.value as Directory;
    if (directory.v !== VERSION) throw new Error(`webhooks of version ${directory.v}; this code reads ${VERSION}`);
    return { directory, etag: stored.etag };
  }

  async function write(directory: Directory, etag: string | undefined): Promise<'written' | 'conflict' | 'unknown'> {
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
      const { directory, etag } = await read();
      const decision = decide(directory.hooks);
      if ('refused' in decision) return decision.refused;
      const outcome = await write({ v: VERSION, nonce: nonce(), hooks: decision.hooks }, etag);
      if (outcome === 'written') return decision.result;
      if (outcome === 'unknown') return 'unknown';
    }
    return 'unknown';
  }

  return {
    all: async () => (await read()).directory.hooks,

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
  };
}
