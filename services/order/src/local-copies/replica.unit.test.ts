import type { ChangesResponse } from '@standing-order/contracts';
import { createEntities } from '@standing-order/entity-store/entities';
import { laneOf } from '@standing-order/outbox';
import { createMemoryStore } from '@standing-order/testing/memory-store';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ChangeEvent, createReplica } from './replica.ts';

const thing = z.object({ id: z.string(), n: z.number(), weight: z.number(), pad: z.string() });
type Thing = z.infer<typeof thing>;

/** So large that a lane's log holds only two of them, and whoever is further behind must be shown the lane in full. */
const pad = 'x'.repeat(7_000);

/** Most of them in one lane. */
const ids = ['other', ...Array.from({ length: 200 }, (_, n) => `t${n}`).filter((id) => laneOf(id, 16) === 5)].slice(
  0,
  5,
);

/** Three for each. */
const ROOM_FOR_ALL = 15;

/** A real owner over a store in memory, and all the events that it ever sent. */
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
      if (found) await things.change(id, found.etag, { n: found.entity.n + 1, weight });
      else await things.create({ id, n: 1, weight, pad });
    },
  };
}

/** A replica that fails the test as soon as it shows something older than it has shown before. */
function watched(places: number) {
  const replica = createReplica<Thing>({ weigh: ({ weight }) => weight, places });
  const newest = new Map<string, number>();
  return {
    replica,
    look() {
      let weight = 0;
      for (const id of ids) {
        const found = replica.find(id);
        weight += found?.weight ?? 0;
        if (!found) continue;
        expect(found.n).toBeGreaterThanOrEqual(newest.get(id) ?? 0);
        newest.set(id, found.n);
      }
      expect(weight).toBeLessThanOrEqual(places);
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

test('events and pulls in any order and multiplicity, with losses, never take a replica back, and it always converges', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: ROOM_FOR_ALL }), async (plan, places) => {
      const { things, events, change } = owner();
      const { replica, look } = watched(places);
      let asked: ChangesResponse<Thing> | undefined;
      for (const step of plan) {
        if (step.do === 'change') await change(step.id, step.weight);
        if (step.do === 'ask') asked ??= await things.changesSince({ since: [...replica.cursors()] });
        if (step.do === 'answer' && asked) replica.take(asked);
        if (step.do === 'answer' || step.do === 'lose') asked = undefined;
        const event = step.do === 'event' ? events.at(-1 - step.at) : undefined;
        if (event) replica.hear(event);
        look();
      }
      for (let complete = false; !complete; ) {
        const answer = await things.changesSince({ since: [...replica.cursors()] });
        replica.take(answer);
        look();
        complete = answer.complete;
      }
      const truth = await things.getAll(ids);
      for (const id of ids) {
        const found = replica.find(id);
        if (found || places === ROOM_FOR_ALL) expect(found).toEqual(truth.get(id));
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('an event in turn is taken as a pull would take it, and one that is early only brings the known up to date', async () => {
  const { events, change } = owner();
  const [, a = '', b = ''] = ids;
  for (const id of [a, a, b, a]) await change(id, 1);
  const { replica } = watched(16);
  const [first, , third, fourth] = events as [ChangeEvent<Thing>, unknown, ChangeEvent<Thing>, ChangeEvent<Thing>];
  replica.hear(third);
  expect(replica.find(b)).toBeUndefined();
  replica.hear(first);
  expect(replica.find(a)?.n).toBe(1);
  replica.hear(fourth);
  expect(replica.find(a)?.n).toBe(3);
  expect(replica.cursors()[5]).toEqual({ seq: 1 });
});

test('an answer that was overtaken by events brings nothing back that was given up for want of room', async () => {
  const { events, things, change } = owner();
  const id = ids[1] ?? '';
  const { replica } = watched(2);
  await change(id, 1);
  await change(id, 1);
  const asked = await things.changesSince({ since: [...replica.cursors()] });
  await change(id, 1);
  await change(id, 3);
  for (const event of events.slice(0, 3)) replica.hear(event);
  expect(replica.find(id)?.n).toBe(3);
  replica.hear(events[3] as ChangeEvent<Thing>);
  expect(replica.find(id)).toBeUndefined();
  replica.take(asked);
  expect(replica.find(id)).toBeUndefined();
  expect(replica.cursors()[5]).toEqual({ seq: 4 });
});

test('an owner that has gone back to an older state is followed from nothing', async () => {
  const before = owner();
  const after = owner();
  const id = ids[0] ?? '';
  for (let n = 0; n < 3; n++) await before.change(id, 1);
  await after.change(id, 1);
  const replica = createReplica<Thing>({ weigh: () => 1, places: 16 });
  replica.take(await before.things.changesSince({ since: [...replica.cursors()] }));
  expect(replica.find(id)?.n).toBe(3);
  const answer = await after.things.changesSince({ since: [...replica.cursors()] });
  replica.take(answer);
  expect([answer.complete, replica.find(id), replica.size()]).toEqual([false, undefined, 0]);
  replica.take(await after.things.changesSince({ since: [...replica.cursors()] }));
  expect(replica.find(id)?.n).toBe(1);
});
