import { describe, expect, test } from 'vitest';
import { atRest, type Count, contextOf, countFrom, MemoryStore, manualClock } from '../../test/parts.ts';
import { Writer } from '../membership/writer.ts';
import { MAX_PACE_MS } from '../pace/pace.ts';
import { COMMIT_BACKOFF_MAX_MS } from './commit-attempt.ts';
import { DeletionQueue } from './deletion-queue.ts';
import { GroupCommit } from './group-commit.ts';
import { RequestQueue } from './request-queue.ts';

const deadlineMs = 10_000;

async function setUp({ readMs = 0, utilization = 0 } = {}) {
  const store = new MemoryStore();
  const clock = manualClock(readMs);
  const committed: { readonly documents: string[]; readonly inserted: string[] }[] = [];
  const nonces = (documents: readonly Count[]) => documents.map(({ nonce }) => nonce);
  const context = {
    ...contextOf(store, clock),
    utilization: () => utilization,
    observer: {
      committed: (batch: { readonly documents: readonly Count[]; readonly inserted: readonly Count[] }) =>
        committed.push({ documents: nonces(batch.documents), inserted: nonces(batch.inserted) }),
    },
  };
  const queue = new RequestQueue<Count>(clock, context.settings);
  const writer = new Writer(context, 'w');
  await writer.register();
  const inserted: string[] = [];
  const target = {
    writer,
    committed: () => {},
    inserted: ({ nonce }: Count) => inserted.push(nonce),
    requestHeartbeat: () => {},
  };
  const named = { promise: Promise.resolve() };
  const deletions = new DeletionQueue(() => commit.wake());
  const commit: GroupCommit<Count, number> = new GroupCommit(context, queue, deletions, async () => {
    await named.promise;
    return target;
  });
  const add = async (id: string, nonce = id, withinMs = deadlineMs) => {
    const accepted = queue.enqueue(countFrom(id, nonce), withinMs);
    commit.wake();
    await atRest();
    return (await accepted).outcome;
  };
  /** Advances the clock until every unfinished batch was sent several times. */
  const repeat = async () => {
    for (let i = 0; i < 20; i++) {
      clock.go(COMMIT_BACKOFF_MAX_MS / 4);
      await atRest();
    }
  };
  const has = (key: string) => store.stored.has(key);
  return { store, clock, writer, named, deletions, commit, add, repeat, has, inserted, committed };
}

/** A busy process that has committed two documents, one after the other, so that another one is expected soon. */
async function whileBusy({ readMs = 0 } = {}) {
  const parts = await setUp({ readMs, utilization: 1 });
  await parts.add('x');
  parts.clock.go(1);
  await parts.add('y');
  return parts;
}

test('while the process is busy, requests shortly after a transaction wait and are committed together', async () => {
  const { clock, add, has } = await whileBusy();
  void add('b');
  void add('c');
  await atRest();
  expect(['b', 'c'].some((id) => has(`o:${id}`))).toBe(false);
  clock.go(MAX_PACE_MS);
  await atRest();
  expect(['o:b', 'o:c', 's:w:3'].map(has)).toEqual([true, true, true]);
  expect(has('s:w:4')).toBe(false);
});

test('while the process is not busy, a request waits only for the transaction in progress', async () => {
  const { store, add, has } = await setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  store.transacts = (operations) => promise.then(() => store.apply(operations));
  void add('a');
  void add('b');
  void add('c');
  await atRest();
  expect(has('o:a')).toBe(false);
  resolve();
  await atRest();
  expect(['o:a', 's:w:1', 'o:b', 'o:c', 's:w:2'].map(has)).toEqual([true, true, true, true, true]);
  expect(has('s:w:3')).toBe(false);
});

test.each([3, 5, 7, 9, 11, 19, 21])(
  'a waiting request is sent when its pause ends between two reads of a clock that advances by %i ms per read',
  async (readMs) => {
    const { clock, add, has } = await whileBusy({ readMs });
    void add('b');
    await atRest();
    clock.go(MAX_PACE_MS);
    await atRest();
    expect(has('o:b')).toBe(true);
  },
);

test('neither `drained` nor a rewrite waits for the pace', async () => {
  const { commit, add, has } = await whileBusy();
  void add('b');
  expect(await commit.rewrite(['x'])).toBe(true);
  expect(has('o:b')).toBe(false);
  await commit.drained();
  expect(has('o:b')).toBe(true);
});

describe('a document whose request was answered `unsent`', () => {
  /** A batch waits for a writer name. */
  async function withoutWriter() {
    const parts = await setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    parts.named.promise = promise;
    return { ...parts, name: resolve };
  }

  test('is never stored', async () => {
    const { add, clock, name, has } = await withoutWriter();
    const accepted = add('a');
    await atRest();
    clock.go(deadlineMs);
    expect(await accepted).toBe('unsent');
    name();
    await atRest();
    expect(has('o:a')).toBe(false);
    const again = add('a', 'another');
    clock.go(deadlineMs / 2);
    expect(await again).toBe('created');
  });

  test('is not stored for a later request of the same id, which gets its own document stored', async () => {
    const { add, clock, name, store } = await withoutWriter();
    const short = add('a', 'first', deadlineMs);
    const long = add('a', 'second', 2 * deadlineMs);
    await atRest();
    clock.go(deadlineMs);
    expect(await short).toBe('unsent');
    name();
    expect(await long).toBe('created');
    expect(store.stored.get('o:a')?.value).toEqual(countFrom('a', 'second'));
  });
});

describe('a document that the store refuses', () => {
  test('is answered `refused`, and its segment number counts as deleted', async () => {
    const { store, add, writer } = await setUp();
    store.transacts = () => 'refused';
    expect(await add('a')).toBe('refused');
    expect([writer.numbers.isUncertain(1), writer.numbers.low]).toEqual([false, 2]);
  });

  test('is answered `unknown` after an earlier attempt of unknown outcome', async () => {
    const { store, add, repeat, writer } = await setUp();
    const outcomes = ['unknown', 'refused'] as const;
    let attempt = 0;
    store.transacts = () => outcomes[Math.min(attempt++, 1)] ?? 'refused';
    const accepted = add('a');
    await repeat();
    expect(await accepted).toBe('unknown');
    expect([writer.numbers.isUncertain(1), writer.numbers.low]).toEqual([true, 1]);
  });

  test('is answered `unknown` after an earlier attempt of unknown outcome together with other documents', async () => {
    const { store, add, repeat, named } = await setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    named.promise = promise;
    const alone = add('x');
    const two = [add('a'), add('b')];
    let attempt = 0;
    store.transacts = (operations) => {
      if (operations.some(({ key }) => key === 'o:x')) return store.apply(operations);
      return attempt++ === 0 ? 'unknown' : 'refused';
    };
    resolve();
    await repeat();
    expect(await Promise.all([alone, ...two])).toEqual(['created', 'unknown', 'unknown']);
  });
});

test('segments are deleted one by one while the store accepts no transaction', async () => {
  const { store, deletions, repeat, has } = await setUp();
  store.transacts = () => 'unknown';
  const keys = Array.from({ length: 300 }, (_, i) => `s:old:${i}`);
  for (const key of keys) {
    store.put(key, {});
    deletions.add(key);
  }
  await repeat();
  expect(keys.filter(has)).toEqual([]);
});

describe('a batch with a document that the store never accepts', () => {
  /** A store that fails every transaction with `o:bad`, as `outcome`. Returns the number of transactions with documents. */
  async function commitAll(outcome: 'unknown' | 'refused', documents: number) {
    const { store, add, repeat, named } = await setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    named.promise = promise;
    let transactions = 0;
    store.transacts = (operations) => {
      const inserts = operations.filter(({ op, key }) => op === 'insert' && key.startsWith('o:'));
      if (inserts.length > 0) transactions++;
      return inserts.some(({ key }) => key === 'o:bad') ? outcome : store.apply(operations);
    };
    const first = add('first');
    const ids = Array.from({ length: documents - 1 }, (_, i) => `good${i}`);
    const results = [...ids.map((id) => add(id)), add('bad')];
    await atRest();
    resolve();
    await repeat();
    await first;
    const outcomes = await Promise.all(results);
    return { good: outcomes.slice(0, -1), bad: outcomes.at(-1), transactions };
  }

  test.each([
    ['unknown', 'unknown'],
    ['refused', 'refused'],
  ] as const)('commits all others when its outcome is %s', async (outcome, result) => {
    const { good, bad, transactions } = await commitAll(outcome, 128);
    expect(new Set(good)).toEqual(new Set(['created']));
    expect(bad).toBe(result);
    expect(transactions).toBeLessThan(30);
  });
});

test('reports a document as inserted only if this request inserted it, also when the answer was unclear', async () => {
  const { store, add, repeat, has, inserted, committed } = await setUp();
  expect(await add('a', 'first')).toBe('created');
  store.transacts = (operations) => {
    store.apply(operations);
    return 'unknown';
  };
  const repeated = add('a', 'second');
  const unclear = add('b', 'only');
  await repeat();
  expect([await repeated, await unclear]).toEqual(['existing', 'created']);
  expect(has('o:b')).toBe(true);
  expect(inserted.toSorted()).toEqual(['first', 'only']);
  expect(committed.flatMap(({ documents }) => documents).toSorted()).toEqual(['first', 'only', 'second']);
  expect(committed.flatMap((batch) => batch.inserted).toSorted()).toEqual(['first', 'only']);
});
