import { CHANGE_LANES, type ChangesResponse, type LaneCursor } from '@standing-order/contracts';
import { AWKWARD_CONSUMER_IDS } from '@standing-order/testing/consumer-ids';
import { createMemoryStore, type MemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createEntities } from '../entities/index.ts';
import { contains, nextChange } from './commit.ts';
import { append, type Change, changesAfter, EMPTY_LOG, type LaneLog } from './lane-log.ts';
import { changeLane } from './lanes.ts';

/** The precondition of a client that has read this version. */
const at = (version: string) => (etag: string) => etag === version;

interface Thing {
  readonly id: string;
  readonly text: string;
}
const thing: z.ZodType<Thing> = z.object({ id: z.string(), text: z.string() });

/** One process of the owner. The store may outlive it. */
function owner(store: MemoryStore = createMemoryStore()) {
  const announced: Change<Thing>[] = [];
  const things = createEntities({ store, prefix: 't:', schema: thing, announce: (change) => announced.push(change) });
  return { store, things, announced };
}

const START: LaneCursor[] = Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 }));

const follow = (since: readonly LaneCursor[], { lanes }: ChangesResponse<Thing>): LaneCursor[] =>
  since.map((cursor, lane) => lanes.find((changed) => changed.lane === lane)?.next ?? cursor);

/** Pulls until the response is complete. */
async function pull({ things }: ReturnType<typeof owner>, since = START) {
  const seen = new Map<string, { version: number; text: string }>();
  let cursors = since;
  let largest = 0;
  for (let responses = 1; ; responses++) {
    const response = await things.changesSince({ since: cursors });
    largest = Math.max(largest, JSON.stringify(response).length);
    for (const { changes } of response.lanes) {
      for (const { version, entity } of changes) {
        if (version >= (seen.get(entity.id)?.version ?? 0)) seen.set(entity.id, { version, text: entity.text });
      }
    }
    cursors = follow(cursors, response);
    if (response.complete) return { seen, cursors, responses, largest };
  }
}

it('keeps the entities of any consumer id apart, under keys without separators', async () => {
  const ids = [...AWKWARD_CONSUMER_IDS, 'auth0.7C5f7c8ec7c33c6c004bbafe82', 'a.7C.7Cb'];
  const { things, store, announced } = owner();
  for (const id of ids) expect((await things.create({ id, text: id })).outcome).toBe('created');
  expect([...(await things.getAll(ids))]).toEqual(ids.map((id) => [id, { id, text: id }]));
  expect([...(await pull({ things, store, announced })).seen.keys()].toSorted()).toEqual(ids.toSorted());
  for (const key of store.entries.keys()) expect(key).toMatch(/^(?:t:[\w.-]+|(?:ids:\d+|lane):\d+)$/);
});

describe('a lane', () => {
  const log = (count: number, text: string) =>
    Array.from({ length: count }).reduce<LaneLog<Thing>>(
      (before, _, index) =>
        append(before, { seq: index + 1, version: 1, entity: { id: `t${index}`, text }, by: '' }, 0),
      EMPTY_LOG,
    );

  it('keeps its last changes without a gap, and detects when it no longer reaches back', () => {
    const many = log(300, '');
    expect(many.seq).toBe(300);
    expect(changesAfter(many, 300)).toEqual([]);
    expect(changesAfter(many, 297)?.map(({ seq }) => seq)).toEqual([298, 299, 300]);
    expect(changesAfter(many, 300 - many.changes.length)).toHaveLength(256);
    expect(changesAfter(many, 299 - many.changes.length)).toBeUndefined();
  });

  it('keeps fewer large changes, and always the newest', () => {
    expect(log(10, 'x'.repeat(5_000)).changes).toHaveLength(3);
    expect(log(10, 'x'.repeat(200_000)).changes).toHaveLength(1);
  });

  it('contains a change of one writer and not an equal one of another, and is undecided where it no longer reaches back', () => {
    const entity = { id: 't0', text: '' };
    const change = nextChange(log(2, ''), { version: 4, entity }, { entity, by: 'me' });
    expect(change).toEqual({ seq: 3, version: 5, entity, by: 'me' });
    const after = append(log(2, ''), change, 0);
    expect(contains(after, change)).toBe(true);
    expect(contains(after, { ...change, by: 'another' })).toBe(false);
    expect(contains(log(2, ''), change)).toBe(false);
    expect(contains(log(300, ''), change)).toBe(undefined);
  });
});

describe('an entity', () => {
  it('has its version as ETag, is created once, and is changed only with the newest ETag', async () => {
    const { things, announced } = owner();
    const [one, two] = await Promise.all([1, 2].map((n) => things.create({ id: 'a', text: `${n}` })));
    expect([one, two]).toEqual([
      { outcome: 'created', entity: { id: 'a', text: '1' }, etag: '1' },
      { outcome: 'exists' },
    ]);
    expect(await things.change('a', at('2'), { text: 'x' })).toEqual({ outcome: 'stale' });
    expect(await things.change('b', at('1'), { text: 'x' })).toEqual({ outcome: 'missing' });
    const both = await Promise.all(['3', '4'].map((text) => things.change('a', at('1'), { text })));
    expect(both.map(({ outcome }) => outcome)).toEqual(['changed', 'stale']);
    expect(await things.get('a')).toEqual({ entity: { id: 'a', text: '3' }, etag: '2' });
    expect(announced.map(({ seq, version }) => [seq, version])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('is changed by two processes at the same time, one after the other', async () => {
    const one = owner();
    const two = owner(one.store);
    await one.things.create({ id: 'a', text: '' });
    const outcomes = await Promise.all([one, two].map(({ things }) => things.change('a', at('1'), { text: 'x' })));
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['changed', 'stale']);
    await Promise.all(
      Array.from({ length: 3 }, (_, n) => (n % 2 ? one : two).things.create({ id: `b${n}`, text: '' })),
    );
    expect((await pull(one)).seen.size).toBe(4);
  });
});

describe('a store that is unclear once', () => {
  const once = (at: string) => {
    let left = 1;
    return (key: string) => !key.startsWith(at) || left-- <= 0;
  };

  it.each([
    ['loses the write of', 'acceptsWrite', 'lane:', 'unknown'],
    ['loses the write of', 'acceptsWrite', 'ids:', 'unknown'],
    ['loses the write of', 'acceptsWrite', 't:', 'unknown'],
    ['loses the answer to the write of', 'confirmsWrite', 'lane:', 'unknown'],
    ['loses the answer to the write of', 'confirmsWrite', 'ids:', 'unknown'],
    ['loses the answer to the write of', 'confirmsWrite', 't:', 'unknown'],
    ['reports a conflict after the write of', 'confirmsWrite', 'lane:', 'conflict'],
    ['reports a conflict after the write of', 'confirmsWrite', 'ids:', 'conflict'],
    ['reports a conflict after the write of', 'confirmsWrite', 't:', 'conflict'],
  ] as const)('creates and changes an entity once when the store %s %s %s (%s)', async (_, what, key, lost) => {
    const from = owner();
    from.store.lostAnswer = lost;
    from.store[what] = once(key);
    expect(await from.things.create({ id: 'a', text: '1' })).toMatchObject({ outcome: 'created', etag: '1' });
    from.store[what] = once(key);
    expect(await from.things.change('a', at('1'), { text: '2' })).toMatchObject({ outcome: 'changed', etag: '2' });
    expect(from.announced.map(({ version }) => version)).toEqual([1, 2]);
    expect((await pull(from)).seen).toEqual(new Map([['a', { version: 2, text: '2' }]]));
  });
});

it('is not reported as refused because of its own write, which lands while it is decided again', async () => {
  const { store, things } = owner();
  const reader = owner(store);
  /** The next write of a lane has no clear answer, and lands after the lane was read for its repetition. Then it is pulled. */
  const delayOnce = (write: 'insert' | 'update') => {
    const late: (() => Promise<unknown>)[] = [];
    const { get, insert, update } = store;
    const delay = (key: string, apply: () => Promise<unknown>) => {
      if (!key.startsWith('lane:') || late.length > 0) return false;
      late.push(apply);
      return true;
    };
    if (write === 'insert')
      store.insert = async (...args) => (delay(args[0], () => insert(...args)) ? 'unknown' : insert(...args));
    else store.update = async (...args) => (delay(args[0], () => update(...args)) ? 'unknown' : update(...args));
    store.get = async (key) => {
      const stored = await get(key);
      if (!key.startsWith('lane:') || late.length === 0) return stored;
      Object.assign(store, { get, insert, update });
      await late[0]?.();
      await pull(reader);
      return stored;
    };
  };
  delayOnce('insert');
  expect(await things.create({ id: 'a', text: '1' })).toMatchObject({ outcome: 'created', etag: '1' });
  delayOnce('update');
  expect(await things.change('a', at('1'), { text: '2' })).toMatchObject({ outcome: 'changed', etag: '2' });
  expect(await things.change('a', at('1'), { text: '3' })).toEqual({ outcome: 'stale' });
});

describe('a process that ends between its commit and the entity document', () => {
  /** Changes `a` to `new`, in the lane only. */
  async function crashed() {
    const before = owner();
    await before.things.create({ id: 'a', text: 'old' });
    before.store.acceptsWrite = (key) => key !== 't:a';
    expect(await before.things.change('a', at('1'), { text: 'new' })).toEqual({ outcome: 'unknown' });
    before.store.acceptsWrite = () => true;
    expect(before.announced).toHaveLength(1);
    expect((await before.things.get('a'))?.entity.text).toBe('old');
    return owner(before.store);
  }
  const now = { entity: { id: 'a', text: 'new' }, etag: '2' };

  it('is repaired at the next start', async () => {
    const { things } = await crashed();
    await things.repair(new AbortController().signal);
    expect(await things.get('a')).toEqual(now);
  });

  it('is repaired before the next change of its lane', async () => {
    const { things } = await crashed();
    expect(await things.change('a', at('1'), { text: 'other' })).toEqual({ outcome: 'stale' });
    expect(await things.get('a')).toEqual(now);
  });

  it('is repaired before a pull returns the change; the pull rejects while the repair fails', async () => {
    const after = await crashed();
    after.store.acceptsWrite = () => false;
    await expect(after.things.changesSince({ since: START })).rejects.toThrow('t:a');
    after.store.acceptsWrite = () => true;
    expect((await pull(after)).seen.get('a')).toEqual({ version: 2, text: 'new' });
    expect(await after.things.get('a')).toEqual(now);
  });

  it('leaves an id without an entity when it ends before the commit; a later creation succeeds', async () => {
    const { store, things } = owner();
    store.acceptsWrite = (key) => !key.startsWith('lane:');
    expect(await things.create({ id: 'a', text: '' })).toEqual({ outcome: 'unknown' });
    store.acceptsWrite = () => true;
    expect((await pull({ store, things, announced: [] })).seen.size).toBe(0);
    expect(await things.create({ id: 'a', text: '' })).toMatchObject({ outcome: 'created' });
    expect((await pull({ store, things, announced: [] })).seen.size).toBe(1);
  });
});

describe('a pull', () => {
  it('returns only the changes since the last pull', async () => {
    const from = owner();
    for (let n = 0; n < 40; n++) await from.things.create({ id: `t${n}`, text: '' });
    const first = await pull(from);
    expect(first.seen.size).toBe(40);
    expect(await from.things.changesSince({ since: first.cursors })).toEqual({
      lanes: [],
      complete: true,
      reset: false,
    });
    await from.things.change('t7', at('1'), { text: 'new' });
    expect((await pull(from, first.cursors)).seen).toEqual(new Map([['t7', { version: 2, text: 'new' }]]));
  });

  it('returns lanes that their log does not cover in full, in responses of bounded size', async () => {
    const from = owner();
    const text = 'x'.repeat(20_000);
    for (let n = 0; n < 80; n++) await from.things.create({ id: `t${n}`, text });
    const { seen, responses, largest } = await pull(from);
    expect(seen.size).toBe(80);
    expect(responses).toBeGreaterThan(5);
    expect(largest).toBeLessThan(256 * 1024 + 25_000);
  });

  it('returns changes that happen while a lane is returned in full', async () => {
    const from = owner();
    const ids = Array.from({ length: 800 }, (_, n) => `t${n}`).filter((id) => changeLane(id) === 3);
    const text = 'x'.repeat(20_000);
    for (const id of ids.slice(1)) await from.things.create({ id, text });
    const first = await from.things.changesSince({ since: START });
    expect(first.lanes[0]?.next.at).toBeGreaterThan(0);
    await from.things.change(ids[1] ?? '', at('1'), { text: 'new' });
    await from.things.create({ id: ids[0] ?? '', text: 'late' });
    const { seen } = await pull(from, follow(START, first));
    expect(seen.get(ids[1] ?? '')).toEqual({ version: 2, text: 'new' });
    expect(seen.get(ids[0] ?? '')).toEqual({ version: 1, text: 'late' });
  });

  it('resets a reader whose cursors are ahead of the lanes', async () => {
    const ahead = START.map(() => ({ seq: 9 }));
    expect(await owner().things.changesSince({ since: ahead })).toEqual({ lanes: [], complete: false, reset: true });
  });
});
