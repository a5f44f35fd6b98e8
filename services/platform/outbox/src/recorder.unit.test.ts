import { expect, test } from 'vitest';
import type { Context } from './context.ts';
import { documentKey } from './documents.ts';
import type { Document, Store, Stored } from './ports.ts';
import { Recorder } from './recorder.ts';
import { defaultRules } from './rules.ts';
import type { Seen } from './scan.ts';
import { defaultSettings } from './settings.ts';

interface Count extends Document {
  readonly count: number;
}

/** Counts versions as Redis does, and how often it is read. */
class Memory implements Store {
  readonly stored = new Map<string, Stored>();
  reads = 0;
  async transact() {
    return 'refused' as const;
  }
  async read(keys: readonly string[]) {
    this.reads++;
    return new Map(keys.flatMap((key) => [...this.stored].filter(([found]) => found === key)));
  }
  async write(items: readonly { readonly key: string; readonly value: unknown; readonly etag: string }[]) {
    const stale = items.filter(({ key, etag }) => this.stored.get(key)?.etag !== etag);
    for (const { key, value, etag } of items)
      if (this.stored.get(key)?.etag === etag) this.put(key, value, this.etagAfter(etag));
    return stale.length > 0 ? ('conflict' as const) : ('written' as const);
  }
  put(key: string, value: unknown, etag: string): void {
    this.stored.set(key, { value, etag });
  }
  etagAfter(etag: string | undefined): string {
    return String(Number(etag ?? 0) + 1);
  }
}

function setUp() {
  const store = new Memory();
  const known = new Map<string, Seen<Count>>();
  const clock = { now: 0, monotonic: () => clock.now, wall: () => clock.now, setTimer: () => () => {} };
  const context: Context<Count, number> = {
    clock,
    store,
    random: () => 0.5,
    transport: { send: async () => [] },
    observer: {},
    settings: defaultSettings,
    rules: defaultRules,
    business: {
      parse: (value) => value as Count,
      missing: ({ count }) => (count < 100 ? ['more'] : []),
      answered: () => [],
      apply: (document, answer) =>
        answer > 0 ? { document: { ...document, count: document.count + answer } } : { ignored: 'nothing' },
      overdue: () => undefined,
    },
  };
  const recorder = new Recorder(context, {
    known: (id) => known.get(id),
    recorded: (documents) => {
      for (const seen of documents) known.set(seen.document.id, seen);
    },
  });
  const document: Count = { id: 'a', nonce: 'n', fingerprint: 'f', createdAt: 0, count: 0 };
  store.put(documentKey('a'), document, '1');
  known.set('a', { document, etag: '1' });
  const countStored = () => (store.stored.get(documentKey('a')) as { value: Count }).value.count;
  return { store, known, clock, recorder, document, countStored };
}

test('answers to a document that this process knows cost no read', async () => {
  const { recorder, store, countStored } = setUp();
  await recorder.record('a', 1);
  await recorder.record('a', 2);
  expect(countStored()).toBe(3);
  expect(store.reads).toBe(0);
});

test('an answer that would change nothing is judged by what is stored', async () => {
  const { recorder, store } = setUp();
  expect(await recorder.record('a', 0)).toEqual({ ignored: 'nothing' });
  expect(store.reads).toBe(1);
});

test('what another replica wrote is not lost, and for a while everything is read', async () => {
  const { recorder, store, document, countStored, clock } = setUp();
  store.put(documentKey('a'), { ...document, count: 10 }, '2');
  await recorder.record('a', 1);
  expect(countStored()).toBe(11);
  const afterConflict = store.reads;
  await recorder.record('a', 1);
  expect(store.reads).toBe(afterConflict + 1);
  clock.now += defaultSettings.readAllMs;
  await recorder.record('a', 1);
  expect(store.reads).toBe(afterConflict + 1);
  expect(countStored()).toBe(13);
});

test('a document that nothing is known of is read', async () => {
  const { recorder, store, known, countStored } = setUp();
  known.clear();
  await recorder.record('a', 5);
  expect(countStored()).toBe(5);
  expect(store.reads).toBe(1);
});
