import { describe, expect, test } from 'vitest';
import { type Fault, hour, minute, second } from './chaos.ts';
import { Run, runSchedule } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';
import { CHANNELS } from './weather.ts';

const ORDERS = 500;
const down = (ms: number): Fault => ({ at: 0, kind: 'validator', channel: 'consumer', ms, change: { state: 'down' } });

/** Probes of one lane within a time, at the least distance that is allowed. */
function probes(within: number): number {
  let [count, gap, at] = [0, 10 * second, 0];
  while (at < within) {
    at += 0.8 * gap;
    gap = Math.min(2 * gap, 5 * minute);
    count++;
  }
  return count;
}

describe('while a validator is down for an hour', () => {
  test('each lane sends its window once, and then one probe per probe time', async () => {
    const schedule = createScenario({
      slots: 2,
      settings: { lanes: 8, window: 16 },
      orders: plainOrders(ORDERS, second, minute),
      faults: [down(hour)],
      healsAt: hour,
    });
    const { violation, sends } = await runSchedule(schedule);
    expect(violation).toBeUndefined();
    const lanes = schedule.slots * 8;
    // When it is back the answers to the latest sendings may come first, so one more window may be sent in vain.
    expect(sends).toBeLessThanOrEqual(ORDERS * CHANNELS.length + lanes * (probes(hour) + 16) + 50);
  });

  test('and the broker loses all it held, one probe per lane makes everything flow again', async () => {
    const schedule = createScenario({
      slots: 2,
      settings: { lanes: 8, window: 64 },
      orders: plainOrders(ORDERS, second, minute),
      faults: [down(10 * minute), { at: 9 * minute, kind: 'wipe' }],
      healsAt: 10 * minute,
    });
    const { violation, lasted } = await runSchedule(schedule);
    expect(violation).toBeUndefined();
    expect(lasted).toBeLessThan(25 * minute);
  });
});

describe('after a validator was down for so long that the oldest orders are given up', () => {
  test('they are done soon after somebody else is answered, and not in an hour', async () => {
    const schedule = createScenario({
      slots: 2,
      orders: plainOrders(20, second, 2 * second),
      faults: [down(30 * minute), { at: 29 * minute, kind: 'wipe' }],
      healsAt: 30 * minute,
    });
    const run = new Run(schedule, false, {});
    let stuck = 0;
    run.world.schedule(30 * minute, () => {
      stuck = run.cluster.alive().reduce((sum, { outbox }) => sum + outbox.parked().length, 0);
    });
    await run.all();
    expect(run.checker.violation).toBeUndefined();
    expect(stuck).toBeGreaterThan(10);
    expect(run.world.now).toBeLessThan(40 * minute);
  });
});

describe('while a third of all messages is lost, and few orders are in many lanes', () => {
  /** Orders that are not done after a minute. */
  async function openAfterAMinute(sharedEvidence: boolean): Promise<number> {
    const schedule = createScenario({
      slots: 2,
      settings: { sharedEvidence },
      orders: plainOrders(120, second, 2 * second),
      faults: [{ at: 0, kind: 'weather', ms: 2 * minute, change: { dropped: 0.3 } }],
      healsAt: 2 * minute,
    });
    const run = new Run(schedule, false, {});
    let open = Number.NaN;
    run.world.schedule(minute, () => {
      open = run.checker.open().length;
    });
    await run.all();
    expect(run.checker.violation).toBeUndefined();
    return open;
  }

  test('most are done within a minute where one lane tells of the others, and not where each has to find out by itself', async () => {
    expect(await openAfterAMinute(false)).toBeGreaterThan(40);
    expect(await openAfterAMinute(true)).toBeLessThan(20);
  });
});

describe('a store with little room', () => {
  const crowd = (maxOpen: number) =>
    createScenario({
      slots: 1,
      settings: { maxOpen, lanes: 4, window: 16 },
      orders: plainOrders(300, second, 5 * minute),
      faults: [down(10 * minute)],
      healsAt: 10 * minute,
    });

  test('is kept from filling up by the limit on open orders', async () => {
    const { violation, outcomes } = await runSchedule(crowd(50), { capacity: 200 });
    expect(violation).toBeUndefined();
    expect(outcomes.get('full')).toBeGreaterThan(100);
  });

  test('gets rid of finished segments also while it takes no transaction', async () => {
    const schedule = createScenario({
      slots: 1,
      orders: plainOrders(20, second, 1.5 * second),
      faults: [{ at: 1.8 * second, kind: 'weather', ms: minute, change: { store: 'full' } }],
      healsAt: 2 * minute,
    });
    const run = new Run(schedule, false, {});
    const deletions: (number | undefined)[] = [];
    for (const at of [1.8 * second, minute])
      run.world.schedule(at, () => deletions.push(run.cluster.replicas.get(1)?.outbox.stats().pendingDeletions));
    await run.all();
    expect(run.checker.violation).toBeUndefined();
    expect(deletions[0]).toBeGreaterThan(0);
    expect(deletions[1]).toBe(0);
  });

  test('fills up without that limit, and then nothing gets done any more', async () => {
    const { violation } = await runSchedule(crowd(1_000_000), { capacity: 200 });
    expect(violation?.invariant).toBeOneOf([0, 2]);
  });
});
