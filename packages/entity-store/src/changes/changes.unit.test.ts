import { CHANGE_LANES, type ChangesResponse, type LaneCursor } from '@standing-order/contracts';
import { createMemoryStore, type MemoryStore } from '@standing-order/testing/memory-store';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createEntities } from '../entities/index.ts';
import { isIn, nextChange } from './commit.ts';
import { changeLane } from './lanes.ts';
import { append, type Change, changesAfter, emptyLog, type LaneLog } from './log.ts';

interface Thing {
  readonly id: string;
  readonly text: string;
}
const thing: z.ZodType<Thing> = z.object({ id: z.string(), text: z.string() });

/** One process of the owner, over a store that may outlive it. */
function owner(store: MemoryStore = createMemoryStore()) {
  const announced: Change<Thing>[] = [];
  const things = createEntities({ store, prefix: 't:', schema: thing, announce: (change) => announced.push(change) });
  return { store, things, announced };
}

const nothing: LaneCursor[] = Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 }));

const follow = (since: readonly LaneCursor[], { lanes }: ChangesResponse<Thing>): LaneCursor[] =>
  since.map((cursor, lane) => lanes.find((news) => news.lane === lane)?.next ?? cursor);

/** Pulls until nothing is left to come. */
async function pull({ things }: ReturnType<typeof owner>, since = nothing) {
  const seen = new Map<string, { version: number; text: string }>();
  let cursors = since;
  let largest = 0;
  for (let answers = 1; ; answers++) {
    const answer = await things.changesSince({ since: cursors });
    largest = Math.max(largest, JSON.stringify(answer).length);
    for (const { changes } of answer.lanes) {
      for (const { version, entity } of changes) {
        if (version >= (seen.get(entity.id)?.version ?? 0)) seen.set(entity.id, { version, text: entity.text });
      }
    }
    cursors = follow(cursors, answer);
    if (answer.complete) return { seen, cursors, answers, largest };
  }
}

describe('a lane', () => {
  const log = (count: number, text: string) =>
    Array.from({ length: count }).reduce<LaneLog<Thing>>(
      (before, _, index) =>
        append(before, { seq: index + 1, version: 1, entity: { id: `t${index}`, text }, by: '' }, 0),
      emptyLog,
    );

  it('keeps its last changes without a gap, and says when it does not reach back', () => {
    const many = log(300, '');
    expect(many.seq).toBe(300);
    expect(changesAfter(many, 300)).toEqual([]);
    expect(changesAfter(many, 297)?.map(({ seq }) => seq)).toEqual([298, 299, 300]);
    expect(changesAfter(many, 300 - many.changes.length)).toHaveLength(256);
    expect(changesAfter(many, 299 - many.changes.length)).toBeUndefined();
  });

  it('keeps fewer large ones, and its newest always', () => {
    expect(log(10, 'x'.repeat(5_000)).changes).toHaveLength(3);
    expect(log(10, 'x'.repeat(200_000)).changes).toHaveLength(1);
  });

  it('knows which change got into it, and an equal one of somebody else apart; not, when it does not reach back', () => {
    const entity = { id: 't0', text: '' };
    const change = nextChange(log(2, ''), { version: 4, entity }, { entity, by: 'me' });
    expect(change).toEqual({ seq: 3, version: 5, entity, by: 'me' });
    const after = append(log(2, ''), change, 0);
    expect(isIn(after, change)).toBe(true);
    expect(isIn(after, { ...change, by: 'another' })).toBe(false);
    expect(isIn(log(2, ''), change)).toBe(false);
    expect(isIn(log(300, ''), change)).toBe(undefined);
  });
});

describe('an entity', () => {
  it('has its version as ETag, is created once, and is changed by whoever saw its newest version', async () => {
    const { things, announced } = owner();
    const [one, two] = await Promise.all([1, 2].map((n) => things.create({ id: 'a', text: `${n}` })));
    expect([one, two]).toEqual([
      { outcome: 'created', entity: { id: 'a', text: '1' }, etag: '1' },
      { outcome: 'exists' },
    ]);
    expect(await things.change('a', '2', { text: 'x' })).toEqual({ outcome: 'stale' });
    expect(await things.change('b', '1', { text: 'x' })).toEqual({ outcome: 'missing' });
    const both = await Promise.all(['3', '4'].map((text) => things.change('a', '1', { text })));
    expect(both.map(({ outcome }) => outcome)).toEqual(['changed', 'stale']);
    expect(await things.get('a')).toEqual({ entity: { id: 'a', text: '3' }, etag: '2' });
    expect(announced.map(({ seq, version }) => [seq, version])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('is changed by two processes at once, one after the other', async () => {
    const one = owner();
    const two = owner(one.store);
    await one.things.create({ id: 'a', text: '' });
    const outcomes = await Promise.all([one, two].map(({ things }) => things.change('a', '1', { text: 'x' })));
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
    ['loses the answer about', 'confirmsWrite', 'lane:', 'unknown'],
    ['loses the answer about', 'confirmsWrite', 'ids:', 'unknown'],
    ['loses the answer about', 'confirmsWrite', 't:', 'unknown'],
    ['calls a conflict what it did to', 'confirmsWrite', 'lane:', 'conflict'],
    ['calls a conflict what it did to', 'confirmsWrite', 'ids:', 'conflict'],
    ['calls a conflict what it did to', 'confirmsWrite', 't:', 'conflict'],
  ] as const)('because it %s %s %s, makes and changes an entity once', async (_, what, key, lost) => {
    const from = owner();
    from.store.lostAnswer = lost;
    from.store[what] = once(key);
    expect(await from.things.create({ id: 'a', text: '1' })).toMatchObject({ outcome: 'created', etag: '1' });
    from.store[what] = once(key);
    expect(await from.things.change('a', '1', { text: '2' })).toMatchObject({ outcome: 'changed', etag: '2' });
    expect(from.announced.map(({ version }) => version)).toEqual([1, 2]);
    expect((await pull(from)).seen).toEqual(new Map([['a', { version: 2, text: '2' }]]));
  });
});

describe('a process that dies between its commit and the entity', () => {
  /** Changes `a` to `new`, in the lane only. */
  async function dead() {
    const before = owner();
    await before.things.create({ id: 'a', text: 'old' });
    before.store.acceptsWrite = (key) => key !== 't:a';
    expect(await before.things.change('a', '1', { text: 'new' })).toEqual({ outcome: 'unknown' });
    before.store.acceptsWrite = () => true;
    expect(before.announced).toHaveLength(1);
    expect((await before.things.get('a'))?.entity.text).toBe('old');
    return owner(before.store);
  }
  const now = { entity: { id: 'a', text: 'new' }, etag: '2' };

  it('is made good at the next start', async () => {
    const { things } = await dead();
    await things.repair(new AbortController().signal);
    expect(await things.get('a')).toEqual(now);
  });

  it('is made good before the next change of its lane', async () => {
    const { things } = await dead();
    expect(await things.change('a', '1', { text: 'other' })).toEqual({ outcome: 'stale' });
    expect(await things.get('a')).toEqual(now);
  });

  it('is made good before anybody is shown the change; and nobody is, while that fails', async () => {
    const after = await dead();
    after.store.acceptsWrite = () => false;
    await expect(after.things.changesSince({ since: nothing })).rejects.toThrow('t:a');
    after.store.acceptsWrite = () => true;
    expect((await pull(after)).seen.get('a')).toEqual({ version: 2, text: 'new' });
    expect(await after.things.get('a')).toEqual(now);
  });

  it('leaves an id without an entity when it dies before the commit, which is made later all the same', async () => {
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
  it('brings what is new since the last one and nothing else', async () => {
    const from = owner();
    for (let n = 0; n < 40; n++) await from.things.create({ id: `t${n}`, text: '' });
    const first = await pull(from);
    expect(first.seen.size).toBe(40);
    expect(await from.things.changesSince({ since: first.cursors })).toEqual({
      lanes: [],
      complete: true,
      reset: false,
    });
    await from.things.change('t7', '1', { text: 'new' });
    expect((await pull(from, first.cursors)).seen).toEqual(new Map([['t7', { version: 2, text: 'new' }]]));
  });

  it('shows lanes in full that have more behind them than their log, in answers of bounded size', async () => {
    const from = owner();
    const text = 'x'.repeat(20_000);
    for (let n = 0; n < 80; n++) await from.things.create({ id: `t${n}`, text });
    const { seen, answers, largest } = await pull(from);
    expect(seen.size).toBe(80);
    expect(answers).toBeGreaterThan(5);
    expect(largest).toBeLessThan(256 * 1024 + 25_000);
  });

  it('misses nothing that changes while a lane is shown in full', async () => {
    const from = owner();
    const ids = Array.from({ length: 800 }, (_, n) => `t${n}`).filter((id) => changeLane(id) === 3);
    const text = 'x'.repeat(20_000);
    for (const id of ids.slice(1)) await from.things.create({ id, text });
    const first = await from.things.changesSince({ since: nothing });
    expect(first.lanes[0]?.next.at).toBeGreaterThan(0);
    await from.things.change(ids[1] ?? '', '1', { text: 'new' });
    await from.things.create({ id: ids[0] ?? '', text: 'late' });
    const { seen } = await pull(from, follow(nothing, first));
    expect(seen.get(ids[1] ?? '')).toEqual({ version: 2, text: 'new' });
    expect(seen.get(ids[0] ?? '')).toEqual({ version: 1, text: 'late' });
  });

  it('tells whoever has seen more than there is to start from nothing', async () => {
    const ahead = nothing.map(() => ({ seq: 9 }));
    expect(await owner().things.changesSince({ since: ahead })).toEqual({ lanes: [], complete: false, reset: true });
  });
});
