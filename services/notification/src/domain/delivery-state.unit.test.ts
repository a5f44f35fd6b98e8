import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fold } from '../delivery/storage/delivery-state-store.ts';
import { KEPT } from '../delivery/storage/logs.ts';
import { type Attempt, apply, type Cursor, dueOf, newCursor, roomOf, type Step, WINDOW } from './delivery-state.ts';
import { dropping, isReadable } from './retention.ts';
import { GIVE_UP_AFTER_MS } from './retry-schedule.ts';

const taken = (from: number, count: number, at = 0): Step => ({
  kind: 'taken',
  at,
  events: Array.from({ length: count }, (_, index) => ({ position: from + index, eventId: `e${from + index}` })),
});
const attempted = (attempt: Pick<Attempt, 'position' | 'number' | 'ok'> & Partial<Attempt>): Step => ({
  kind: 'attempted',
  attempt: { at: 0, random: 0.5, ...attempt },
});
const cursorAfter = (...steps: Step[]) => fold(newCursor, steps);

/** What a process that delivers, dies, and loses races does to a cursor. */
const happenings = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ kind: fc.constant('attempt' as const), nth: fc.nat(20), ok: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 8 * 3_600_000 }) }),
    fc.constantFrom({ kind: 'save' as const }, { kind: 'save unseen' as const }, { kind: 'die' as const }),
  ),
  { maxLength: 80 },
);

test('whatever happens, each event is open or finished, and each is finished in the end', () => {
  const LOGGED = 300;
  fc.assert(
    fc.property(happenings, (history) => {
      let stored: Cursor = newCursor;
      let steps: Step[] = [];
      let now = 0;
      const finished = new Set<number>();
      const seen = () => fold(stored, steps);
      const save = () => {
        const { cursor, finished: done } = seen();
        for (const { position } of done) finished.add(position);
        stored = cursor;
      };
      const take = (count: number) => {
        const { cursor } = seen();
        const most = Math.min(count, roomOf(cursor), LOGGED - cursor.taken);
        if (most > 0) steps.push(taken(cursor.taken + 1, most, now));
      };
      const attempt = (nth: number, ok: boolean) => {
        const due = dueOf(seen().cursor, now)[nth];
        if (due) steps.push(attempted({ position: due.position, number: due.attempts + 1, ok, at: now }));
      };
      const check = () => {
        const open = new Set(stored.open.map(({ position }) => position));
        expect(open.size).toBe(stored.open.length);
        expect(open.size).toBeLessThanOrEqual(WINDOW);
        for (let position = 1; position <= stored.taken; position++) {
          expect(open.has(position) || finished.has(position)).toBe(true);
        }
      };

      for (const happening of history) {
        if (happening.kind === 'take') take(happening.count);
        if (happening.kind === 'attempt') attempt(happening.nth, happening.ok);
        if (happening.kind === 'wait') now += happening.ms;
        if (happening.kind === 'save' || happening.kind === 'save unseen') save();
        if (happening.kind === 'save' || happening.kind === 'die') steps = [];
        check();
      }

      for (let round = 0; round < 10 && (stored.open.length > 0 || stored.taken < LOGGED); round++) {
        take(LOGGED);
        now += GIVE_UP_AFTER_MS;
        for (const { position, attempts } of dueOf(seen().cursor, now)) {
          steps.push(attempted({ position, number: attempts + 1, ok: true, at: now }));
        }
        save();
        steps = [];
      }
      expect(finished.size).toBe(LOGGED);
      expect(stored.open).toEqual([]);
    }),
  );
});

test('the same steps again change nothing', () => {
  const steps = [
    taken(1, 3),
    attempted({ position: 2, number: 1, ok: false }),
    attempted({ position: 1, number: 1, ok: true }),
  ];
  const once = cursorAfter(...steps);
  expect(fold(once.cursor, steps)).toEqual({ cursor: once.cursor, finished: [] });
});

describe('one that fails', () => {
  const failing = (at: number, number: number) =>
    attempted({ position: 1, number, ok: false, at, answered: 500, error: 'answered 500' });

  test('holds up nobody behind it', () => {
    const { cursor, finished } = cursorAfter(
      taken(1, 2),
      failing(0, 1),
      attempted({ position: 2, number: 1, ok: true }),
    );
    expect(finished).toMatchObject([{ position: 2, eventId: 'e2', status: 'delivered', attempts: 1 }]);
    expect(cursor.open).toMatchObject([
      { position: 1, attempts: 1, dueAt: 5_000, answered: 500, error: 'answered 500' },
    ]);
    expect(roomOf(cursor)).toBe(WINDOW - 1);
  });

  test('is given up after its schedule, which starts over when it is asked for by hand', () => {
    const { cursor, finished } = cursorAfter(taken(1, 1), failing(0, 1), failing(GIVE_UP_AFTER_MS, 2));
    expect(finished).toMatchObject([{ status: 'failed', attempts: 2, answered: 500 }]);
    expect(cursor.open).toEqual([]);
    const again = apply(cursor, { kind: 'again', events: [{ position: 1, eventId: 'e1' }], at: 7 }).cursor;
    expect(again.open).toEqual([{ position: 1, eventId: 'e1', attempts: 0, dueAt: 7, asked: 7 }]);
    expect(apply(again, { kind: 'again', events: [{ position: 1, eventId: 'e1' }], at: 9 }).cursor.open).toHaveLength(
      1,
    );
  });

  test('is sent again when that is asked for, whatever comes of an attempt that began before', () => {
    const open = cursorAfter(taken(1, 1)).cursor;
    const again = apply(open, { kind: 'again', events: [{ position: 1, eventId: 'e1' }], at: 7 }).cursor;
    const before = attempted({ position: 1, number: 1, ok: true, at: 8 });
    expect(apply(again, before)).toEqual({ cursor: again });
    const failed = apply(again, attempted({ position: 1, number: 1, ok: false, asked: 7, at: 9 })).cursor;
    const { cursor, finished } = apply(failed, attempted({ position: 1, number: 2, ok: true, asked: 7, at: 10 }));
    expect([cursor.open, finished?.attempts]).toEqual([[], 2]);
  });

  test('says since when nothing was delivered, until something is', () => {
    const { cursor } = cursorAfter(taken(1, 2), failing(10, 1), failing(20, 2));
    expect(cursor).toMatchObject({ failingSince: 10, failures: 2 });
    expect(apply(cursor, { kind: 'enabled', at: 30 }).cursor).not.toHaveProperty('failingSince');
    const delivered = apply(cursor, attempted({ position: 2, number: 1, ok: true, at: 30 })).cursor;
    expect(delivered.failures).toBe(0);
    expect(delivered).not.toHaveProperty('failingSince');
  });

  test('says so no more once everything that failed is given up: the next failure is the first', () => {
    const fails = (position: number, number: number, at: number) => attempted({ position, number, ok: false, at });
    const once = cursorAfter(taken(1, 2), fails(1, 1, 10), fails(2, 1, 10)).cursor;
    const giveUp = (cursor: Cursor, position: number) => apply(cursor, fails(position, 2, 10 + GIVE_UP_AFTER_MS));
    const one = giveUp(once, 1);
    expect([one.finished?.status, one.cursor.failingSince]).toEqual(['failed', 10]);
    const both = giveUp(one.cursor, 2).cursor;
    expect(both.open).toEqual([]);
    expect(both).not.toHaveProperty('failingSince');
  });
});

test('after an outage nobody waits for its time; one bad event makes no outage', () => {
  const fail = (position: number) => attempted({ position, number: 1, ok: false });
  const all = Array.from({ length: 10 }, (_, index) => fail(index + 1));
  const back = attempted({ position: 12, number: 1, ok: true, at: 1_000 });
  const outage = cursorAfter(taken(1, 12), ...all, back).cursor;
  expect(dueOf(outage, 1_500)).toHaveLength(11);
  const single = cursorAfter(taken(1, 12), ...all.slice(1), back).cursor;
  expect(single.open.filter(({ attempts, dueAt }) => attempts === 1 && dueAt < 5_000)).toEqual([]);
});

test('in a long outage one event is tried every 5 minutes, unless the receiver asks for more time', () => {
  const fail = (position: number, number: number, at: number, more: Partial<Attempt> = {}) =>
    attempted({ position, number, ok: false, at, ...more });
  const positions = Array.from({ length: 12 }, (_, index) => index + 1);
  const steps = Array.from({ length: 7 }, (_, index) => positions.map((position) => fail(position, index + 1, index)));
  const { cursor } = cursorAfter(taken(1, 12), ...steps.flat());
  const hour = 3_645_000;
  expect(cursor.open.map(({ dueAt }) => dueAt - 6).toSorted((a, b) => a - b)).toEqual([
    300_000,
    ...Array.from({ length: 11 }, () => hour),
  ]);
  const [probe] = dueOf(cursor, 300_006);
  const busy = apply(cursor, fail(probe?.position ?? 0, 8, 300_006, { retryAfterMs: 2_000_000 })).cursor;
  expect(Math.min(...busy.open.map(({ dueAt }) => dueAt))).toBe(2_300_006);
});

test('old pages are dropped, but for those with an open event', () => {
  const events =
    taken(1, 250).kind === 'taken' ? Array.from({ length: 20 }, (_, page) => taken(100 * page + 1, 100)) : [];
  const done = (position: number) => attempted({ position, number: 1, ok: true });
  const positions = Array.from({ length: 2_000 }, (_, index) => index + 1).filter((position) => position !== 150);
  let { cursor } = fold(newCursor, events);
  ({ cursor } = fold(cursor, positions.map(done)));
  const first = dropping(cursor, 2_000);
  const last = (2_000 - KEPT) / 100 - 1;
  expect(first?.events).toEqual([0, ...Array.from({ length: last - 2 }, (_, index) => index + 2)]);
  expect(first?.history).toEqual(Array.from({ length: last }, (_, index) => index));
  if (!first) return;
  cursor = apply(cursor, { kind: 'dropped', dropped: first.dropped }).cursor;
  expect([50, 150, 250, 1_500].map((position) => isReadable(cursor, position))).toEqual([false, true, false, true]);
  expect(dropping(cursor, 2_000)).toBeUndefined();
  cursor = apply(cursor, done(150)).cursor;
  expect(dropping(cursor, 2_000)).toMatchObject({ events: [1], history: [], dropped: { kept: [] } });
});
