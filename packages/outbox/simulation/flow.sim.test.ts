import { describe, expect, test } from 'vitest';
import { CHANNEL_PROBE_MS } from '../src/relay/channel.ts';
import { HOUR, MINUTE, SECOND } from '../src/util/time.ts';
import { CHANNELS } from './fault-rates.ts';
import type { Fault } from './random-faults.ts';
import { runSchedule, SimulationRun } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';

const ORDERS = 500;
const down = (ms: number): Fault => ({ at: 0, kind: 'validator', channel: 'consumer', ms, change: { state: 'down' } });

/** Maximum number of probes of one lane within a time. */
function probes(within: number): number {
  let [count, gap, at] = [0, 10 * SECOND, 0];
  while (at < within) {
    at += 0.8 * gap;
    gap = Math.min(2 * gap, 5 * MINUTE);
    count++;
  }
  return count;
}

describe('while a validator is down for an hour', () => {
  test('each lane sends its window once, then one probe per probe time, and each channel one per channel probe time', async () => {
    const schedule = createScenario({
      slots: 2,
      settings: { lanes: 8, window: 16 },
      orders: plainOrders(ORDERS, SECOND, MINUTE),
      faults: [down(HOUR)],
      healsAt: HOUR,
    });
    const { violation, sends } = await runSchedule(schedule);
    expect(violation).toBeUndefined();
    const lanes = schedule.slots * 8;
    const ofChannels = (schedule.slots * HOUR) / (0.8 * CHANNEL_PROBE_MS);
    // After the outage the replies to the latest sends may arrive first, so one more window may be sent without need.
    expect(sends).toBeLessThanOrEqual(ORDERS * CHANNELS.length + lanes * (probes(HOUR) + 16) + ofChannels + 50);
  });

  test('and the broker loses all messages, one probe per lane restarts the flow', async () => {
    const schedule = createScenario({
      slots: 2,
      settings: { lanes: 8, window: 64 },
      orders: plainOrders(ORDERS, SECOND, MINUTE),
      faults: [down(10 * MINUTE), { at: 9 * MINUTE, kind: 'wipe' }],
      healsAt: 10 * MINUTE,
    });
    const { violation, duration: lasted } = await runSchedule(schedule);
    expect(violation).toBeUndefined();
    expect(lasted).toBeLessThan(25 * MINUTE);
  });
});

describe('while a third of all messages is lost, with few orders in many lanes', () => {
  /** Number of orders that are not complete after a minute. */
  async function openAfterAMinute(sharedEvidence: boolean): Promise<number> {
    const schedule = createScenario({
      slots: 2,
      settings: { sharedEvidence },
      orders: plainOrders(120, SECOND, 2 * SECOND),
      faults: [{ at: 0, kind: 'rates', ms: 2 * MINUTE, change: { dropped: 0.3 } }],
      healsAt: 2 * MINUTE,
    });
    const run = new SimulationRun(schedule, false, {});
    let open = Number.NaN;
    run.simulator.schedule(MINUTE, () => {
      open = run.checker.open().length;
    });
    await run.execute();
    expect(run.checker.violation).toBeUndefined();
    return open;
  }

  test('most orders are complete within a minute with shared evidence, and fewer without', async () => {
    const open = await openAfterAMinute(true);
    expect(open).toBeLessThan(20);
    expect(await openAfterAMinute(false)).toBeGreaterThan(open);
  });
});

describe('a store with little room', () => {
  const crowd = (maxOpen: number) =>
    createScenario({
      slots: 1,
      settings: { maxOpen, lanes: 4, window: 16 },
      orders: plainOrders(300, SECOND, 5 * MINUTE),
      faults: [down(10 * MINUTE)],
      healsAt: 10 * MINUTE,
    });

  test('does not fill up, because of the limit on open orders', async () => {
    const { violation, outcomes } = await runSchedule(crowd(50), { capacity: 200 });
    expect(violation).toBeUndefined();
    expect(outcomes.get('full')).toBeGreaterThan(100);
  });

  test('deletes finished segments even while it accepts no transaction', async () => {
    const schedule = createScenario({
      slots: 1,
      orders: plainOrders(20, SECOND, 1.5 * SECOND),
      faults: [{ at: 1.8 * SECOND, kind: 'rates', ms: MINUTE, change: { store: 'full' } }],
      healsAt: 2 * MINUTE,
    });
    const run = new SimulationRun(schedule, false, {});
    const deletions: (number | undefined)[] = [];
    for (const at of [1.8 * SECOND, MINUTE])
      run.simulator.schedule(at, () => deletions.push(run.cluster.replicas.get(1)?.outbox.stats().pendingDeletions));
    await run.execute();
    expect(run.checker.violation).toBeUndefined();
    expect(deletions[0]).toBeGreaterThan(0);
    expect(deletions[1]).toBe(0);
  });

  test('answers requests at once while it refuses writes, and accepts orders again when there is room', async () => {
    const schedule = createScenario({
      slots: 1,
      orders: plainOrders(400, 5 * SECOND, 45 * SECOND),
      faults: [{ at: 5 * SECOND, kind: 'rates', ms: 40 * SECOND, change: { store: 'full' } }],
      healsAt: 45 * SECOND,
    });
    const run = new SimulationRun(schedule, false, {});
    await run.execute();
    expect(run.checker.violation).toBeUndefined();
    expect(run.clients.outcomes.get('unwritable')).toBeGreaterThan(380);
  });

  test('fills up without that limit, and then no order is completed', async () => {
    const { violation } = await runSchedule(crowd(1_000_000), { capacity: 200 });
    expect(violation?.invariant).toBeOneOf([0, 2]);
  });
});
