import type { ChangesResponse } from '@standing-order/contracts';
import { createEntities } from '@standing-order/entity-store/entities';
import { laneOf } from '@standing-order/outbox';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ChangeEvent, createLocalCopy } from './local-copy.ts';

const thing = z.object({ id: z.string(), n: z.number(), weight: z.number(), pad: z.string() });
type Thing = z.infer<typeof thing>;

/** So large that a lane's log holds only two changes. A copy that is further behind has to load the whole lane. */
const pad = 'x'.repeat(7_000);

/** Most of the ids belong to one lane. */
const ids = ['other', ...Array.from({ length: 200 }, (_, n) => `t${n}`).filter((id) => laneOf(id, 16) === 5)].slice(
  0,
  5,
);

/** Capacity for all entities at their maximum weight of three. */
const CAPACITY_FOR_ALL = 15;

/** A real owner over an in-memory store, and all events that it has sent. */
function owner() {
  const events: ChangeEvent<Thing>[] = [];
  const things = createEntities({
    store: createMemoryStore(),
    prefix: 't:',
    schema: thing,
    announce: (change) => events.push({ lane: laneOf(change.entity.id, 16), ...change }),
  });
  return {
    events,
    things,
    async change(id: string, weight: number) {
      const found = await things.get(id);
      if (found) await things.change(id, (etag) => etag === found.etag, { n: found.entity.n + 1, weight });
      else await things.create({ id, n: 1, weight, pad });
    },
  };
}

/** A local copy that fails the test as soon as it returns an older version than before. */
function createCheckedCopy(capacity: number) {
  const copy = createLocalCopy<Thing>({ weigh: ({ weight }) => weight, capacity });
  const newest = new Map<string, number>();
  return {
    copy,
    check() {
      let weight = 0;
      for (const id of ids) {
        const found = copy.find(id);
        weight += found?.weight ?? 0;
        if (!found) continue;
        expect(found.n).toBeGreaterThanOrEqual(newest.get(id) ?? 0);
        newest.set(id, found.n);
      }
      expect(weight).toBeLessThanOrEqual(capacity);
    },
  };
}

type Step =
  | { readonly do: 'change'; readonly id: string; readonly weight: number }
  | { readonly do: 'event'; readonly at: number }
  | { readonly do: 'ask' | 'answer' | 'lose' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('change' as const),
        id: fc.constantFrom(...ids),
        weight: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('event' as const), at: fc.nat({ max: 7 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('ask' as const, 'answer' as const, 'lose' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
);

test('never returns to an older version and always converges, for events and pulls in any order, repeated and lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: CAPACITY_FOR_ALL }), async (plan, capacity) => {
      const { things, events, change } = owner();
      const { copy, check } = createCheckedCopy(capacity);
      let response: ChangesResponse<Thing> | undefined;
      for (const step of plan) {
        if (step.do === 'change') await change(step.id, step.weight);
        if (step.do === 'ask') response ??= await things.changesSince({ since: [...copy.cursors()] });
        if (step.do === 'answer' && response) copy.applyPull(response);
        if (step.do === 'answer' || step.do === 'lose') response = undefined;
        const event = step.do === 'event' ? events.at(-1 - step.at) : undefined;
        if (event) copy.applyEvent(event);
        check();
      }
      for (let complete = false; !complete; ) {
        const response = await things.changesSince({ since: [...copy.cursors()] });
        copy.applyPull(response);
        check();
        complete = response.complete;
      }
      const truth = await things.getAll(ids);
      for (const id of ids) {
        const found = copy.find(id);
        if (found || capacity === CAPACITY_FOR_ALL) expect(found).toEqual(truth.get(id));
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('applies an event in sequence like a pull, and an early event only to an entity in the copy', async () => {
  const { events, change } = owner();
  const [, a = '', b = ''] = ids;
  for (const id of [a, a, b, a]) await change(id, 1);
  const { copy } = createCheckedCopy(16);
  const [first, , third, fourth] = events as [ChangeEvent<Thing>, unknown, ChangeEvent<Thing>, ChangeEvent<Thing>];
  copy.applyEvent(third);
  expect(copy.find(b)).toBeUndefined();
  copy.applyEvent(first);
  expect(copy.find(a)?.n).toBe(1);
  copy.applyEvent(fourth);
  expect(copy.find(a)?.n).toBe(3);
  expect(copy.cursors()[5]).toEqual({ seq: 1 });
});

test('does not bring an evicted entity back by a pull response that events have overtaken', async () => {
  const { events, things, change } = owner();
  const id = ids[1] ?? '';
  const { copy } = createCheckedCopy(2);
  await change(id, 1);
  await change(id, 1);
  const response = await things.changesSince({ since: [...copy.cursors()] });
  await change(id, 1);
  await change(id, 3);
  for (const event of events.slice(0, 3)) copy.applyEvent(event);
  expect(copy.find(id)?.n).toBe(3);
  copy.applyEvent(events[3] as ChangeEvent<Thing>);
  expect(copy.find(id)).toBeUndefined();
  copy.applyPull(response);
  expect(copy.find(id)).toBeUndefined();
  expect(copy.cursors()[5]).toEqual({ seq: 4 });
});

test('is loaded anew when its owner has returned to an older state', async () => {
  const before = owner();
  const after = owner();
  const id = ids[0] ?? '';
  for (let n = 0; n < 3; n++) await before.change(id, 1);
  await after.change(id, 1);
  const copy = createLocalCopy<Thing>({ weigh: () => 1, capacity: 16 });
  copy.applyPull(await before.things.changesSince({ since: [...copy.cursors()] }));
  expect(copy.find(id)?.n).toBe(3);
  const response = await after.things.changesSince({ since: [...copy.cursors()] });
  copy.applyPull(response);
  expect([response.complete, copy.find(id), copy.size()]).toEqual([false, undefined, 0]);
  copy.applyPull(await after.things.changesSince({ since: [...copy.cursors()] }));
  expect(copy.find(id)?.n).toBe(1);
});
