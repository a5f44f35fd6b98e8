import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyTransition,
  applyTransitions,
  type DeliveryAttempt,
  type DeliveryState,
  dueDeliveries,
  freeCapacity,
  INITIAL_STATE,
  MAX_OPEN,
  type Transition,
} from './delivery-state.ts';
import { isReadable, pagesToDelete, READABLE_ENTRIES } from './retention.ts';
import { GIVE_UP_AFTER_MS } from './retry-schedule.ts';

const eventsRead = (from: number, count: number, at = 0): Transition => ({
  kind: 'eventsRead',
  at,
  events: Array.from({ length: count }, (_, index) => ({ position: from + index, eventId: `e${from + index}` })),
});
const attempted = (
  attempt: Pick<DeliveryAttempt, 'position' | 'number' | 'ok'> & Partial<DeliveryAttempt>,
): Transition => ({
  kind: 'attempted',
  attempt: { at: 0, random: 0.5, ...attempt },
});
const stateAfter = (...transitions: Transition[]) => applyTransitions(INITIAL_STATE, transitions);

/** Actions of a process that delivers, crashes, and loses writes to another process. */
const actions = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('read' as const), count: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ kind: fc.constant('attempt' as const), nth: fc.nat(20), ok: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 8 * 3_600_000 }) }),
    fc.constantFrom({ kind: 'save' as const }, { kind: 'save without response' as const }, { kind: 'crash' as const }),
  ),
  { maxLength: 80 },
);

test('each event is open or finished at any time, and each is finished in the end', () => {
  const LOGGED = 300;
  fc.assert(
    fc.property(actions, (history) => {
      let stored: DeliveryState = INITIAL_STATE;
      let transitions: Transition[] = [];
      let now = 0;
      const finished = new Set<number>();
      const seen = () => applyTransitions(stored, transitions);
      const save = () => {
        const { state, finished: done } = seen();
        for (const { position } of done) finished.add(position);
        stored = state;
      };
      const read = (count: number) => {
        const { state } = seen();
        const max = Math.min(count, freeCapacity(state), LOGGED - state.taken);
        if (max > 0) transitions.push(eventsRead(state.taken + 1, max, now));
      };
      const attempt = (nth: number, ok: boolean) => {
        const due = dueDeliveries(seen().state, now)[nth];
        if (due) transitions.push(attempted({ position: due.position, number: due.attempts + 1, ok, at: now }));
      };
      const check = () => {
        const open = new Set(stored.open.map(({ position }) => position));
        expect(open.size).toBe(stored.open.length);
        expect(open.size).toBeLessThanOrEqual(MAX_OPEN);
        for (let position = 1; position <= stored.taken; position++) {
          expect(open.has(position) || finished.has(position)).toBe(true);
        }
      };

      for (const action of history) {
        if (action.kind === 'read') read(action.count);
        if (action.kind === 'attempt') attempt(action.nth, action.ok);
        if (action.kind === 'wait') now += action.ms;
        if (action.kind === 'save' || action.kind === 'save without response') save();
        if (action.kind === 'save' || action.kind === 'crash') transitions = [];
        check();
      }

      for (let round = 0; round < 10 && (stored.open.length > 0 || stored.taken < LOGGED); round++) {
        read(LOGGED);
        now += GIVE_UP_AFTER_MS;
        for (const { position, attempts } of dueDeliveries(seen().state, now)) {
          transitions.push(attempted({ position, number: attempts + 1, ok: true, at: now }));
        }
        save();
        transitions = [];
      }
      expect(finished.size).toBe(LOGGED);
      expect(stored.open).toEqual([]);
    }),
  );
});

test('applying the same transitions again changes nothing', () => {
  const transitions = [
    eventsRead(1, 3),
    attempted({ position: 2, number: 1, ok: false }),
    attempted({ position: 1, number: 1, ok: true }),
  ];
  const once = stateAfter(...transitions);
  expect(applyTransitions(once.state, transitions)).toEqual({ state: once.state, finished: [] });
});

describe('a failing event', () => {
  const failing = (at: number, number: number) =>
    attempted({ position: 1, number, ok: false, at, answered: 500, error: 'response status 500' });

  test('does not block later events', () => {
    const { state, finished } = stateAfter(
      eventsRead(1, 2),
      failing(0, 1),
      attempted({ position: 2, number: 1, ok: true }),
    );
    expect(finished).toMatchObject([{ position: 2, eventId: 'e2', status: 'delivered', attempts: 1 }]);
    expect(state.open).toMatchObject([
      { position: 1, attempts: 1, dueAt: 5_000, answered: 500, error: 'response status 500' },
    ]);
    expect(freeCapacity(state)).toBe(MAX_OPEN - 1);
  });

  test('fails at the end of its retry schedule, which a manual redelivery restarts', () => {
    const { state, finished } = stateAfter(eventsRead(1, 1), failing(0, 1), failing(GIVE_UP_AFTER_MS, 2));
    expect(finished).toMatchObject([{ status: 'failed', attempts: 2, answered: 500 }]);
    expect(state.open).toEqual([]);
    const again = applyTransition(state, {
      kind: 'redeliveryRequested',
      events: [{ position: 1, eventId: 'e1' }],
      at: 7,
    }).state;
    expect(again.open).toEqual([{ position: 1, eventId: 'e1', attempts: 0, dueAt: 7, asked: 7 }]);
    expect(
      applyTransition(again, { kind: 'redeliveryRequested', events: [{ position: 1, eventId: 'e1' }], at: 9 }).state
        .open,
    ).toHaveLength(1);
  });

  test('is redelivered on request, regardless of the result of an attempt that began before', () => {
    const open = stateAfter(eventsRead(1, 1)).state;
    const again = applyTransition(open, {
      kind: 'redeliveryRequested',
      events: [{ position: 1, eventId: 'e1' }],
      at: 7,
    }).state;
    const before = attempted({ position: 1, number: 1, ok: true, at: 8 });
    expect(applyTransition(again, before)).toEqual({ state: again, finished: [] });
    const failed = applyTransition(again, attempted({ position: 1, number: 1, ok: false, asked: 7, at: 9 })).state;
    const { state, finished } = applyTransition(
      failed,
      attempted({ position: 1, number: 2, ok: true, asked: 7, at: 10 }),
    );
    expect([state.open, finished[0]?.attempts]).toEqual([[], 2]);
  });

  test('sets failingSince until the next successful delivery', () => {
    const { state } = stateAfter(eventsRead(1, 2), failing(10, 1), failing(20, 2));
    expect(state).toMatchObject({ failingSince: 10, failures: 2 });
    expect(applyTransition(state, { kind: 'endpointEnabled', at: 30 }).state).not.toHaveProperty('failingSince');
    const delivered = applyTransition(state, attempted({ position: 2, number: 1, ok: true, at: 30 })).state;
    expect(delivered.failures).toBe(0);
    expect(delivered).not.toHaveProperty('failingSince');
  });

  test('clears failingSince once no event is open, so that the next failure is the first', () => {
    const fails = (position: number, number: number, at: number) => attempted({ position, number, ok: false, at });
    const once = stateAfter(eventsRead(1, 2), fails(1, 1, 10), fails(2, 1, 10)).state;
    const giveUp = (state: DeliveryState, position: number) =>
      applyTransition(state, fails(position, 2, 10 + GIVE_UP_AFTER_MS));
    const one = giveUp(once, 1);
    expect([one.finished[0]?.status, one.state.failingSince]).toEqual(['failed', 10]);
    const both = giveUp(one.state, 2).state;
    expect(both.open).toEqual([]);
    expect(both).not.toHaveProperty('failingSince');
  });
});

test('all open events are due after an outage; a single failing event is not an outage', () => {
  const fail = (position: number) => attempted({ position, number: 1, ok: false });
  const all = Array.from({ length: 10 }, (_, index) => fail(index + 1));
  const back = attempted({ position: 12, number: 1, ok: true, at: 1_000 });
  const outage = stateAfter(eventsRead(1, 12), ...all, back).state;
  expect(dueDeliveries(outage, 1_500)).toHaveLength(11);
  const single = stateAfter(eventsRead(1, 12), ...all.slice(1), back).state;
  expect(single.open.filter(({ attempts, dueAt }) => attempts === 1 && dueAt < 5_000)).toEqual([]);
});

test('one event is retried every 5 minutes in a long outage, unless Retry-After is longer', () => {
  const fail = (position: number, number: number, at: number, more: Partial<DeliveryAttempt> = {}) =>
    attempted({ position, number, ok: false, at, ...more });
  const positions = Array.from({ length: 12 }, (_, index) => index + 1);
  const transitions = Array.from({ length: 7 }, (_, index) =>
    positions.map((position) => fail(position, index + 1, index)),
  );
  const { state } = stateAfter(eventsRead(1, 12), ...transitions.flat());
  const hour = 3_645_000;
  expect(state.open.map(({ dueAt }) => dueAt - 6).toSorted((a, b) => a - b)).toEqual([
    300_000,
    ...Array.from({ length: 11 }, () => hour),
  ]);
  const [probe] = dueDeliveries(state, 300_006);
  const busy = applyTransition(state, fail(probe?.position ?? 0, 8, 300_006, { retryAfterMs: 2_000_000 })).state;
  expect(Math.min(...busy.open.map(({ dueAt }) => dueAt))).toBe(2_300_006);
});

test('old pages are deleted, except those with an open event', () => {
  const events =
    eventsRead(1, 250).kind === 'eventsRead'
      ? Array.from({ length: 20 }, (_, page) => eventsRead(100 * page + 1, 100))
      : [];
  const done = (position: number) => attempted({ position, number: 1, ok: true });
  const positions = Array.from({ length: 2_000 }, (_, index) => index + 1).filter((position) => position !== 150);
  let { state } = applyTransitions(INITIAL_STATE, events);
  ({ state } = applyTransitions(state, positions.map(done)));
  const first = pagesToDelete(state, 2_000);
  const last = (2_000 - READABLE_ENTRIES) / 100 - 1;
  expect(first?.events).toEqual([0, ...Array.from({ length: last - 2 }, (_, index) => index + 2)]);
  expect(first?.history).toEqual(Array.from({ length: last }, (_, index) => index));
  if (!first) return;
  state = applyTransition(state, { kind: 'pagesDeleted', dropped: first.dropped }).state;
  expect([50, 150, 250, 1_500].map((position) => isReadable(state, position))).toEqual([false, true, false, true]);
  expect(pagesToDelete(state, 2_000)).toBeUndefined();
  state = applyTransition(state, done(150)).state;
  expect(pagesToDelete(state, 2_000)).toMatchObject({ events: [1], history: [], dropped: { kept: [] } });
});
