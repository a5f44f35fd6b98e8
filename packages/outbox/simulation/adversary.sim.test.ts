import { expect, test } from 'vitest';
import { Adversary, hasForgedVerdict } from './adversary.ts';
import { createRng } from './random.ts';
import { SimulationRun } from './run.ts';
import { createSchedule } from './schedule.ts';
import { FIRST, replayHint } from './seeds.ts';

const SCHEDULES = 60;
/** Messages of the adversary in one run. */
const MESSAGES = 200;

/** Runs a schedule with an adversary. A replica that does not verify signatures records its replies. */
async function attack(seed: number, verifies = true) {
  const schedule = createSchedule(seed);
  const run = new SimulationRun(schedule, false, {});
  const { simulator, broker, checker } = run;
  const adversary = new Adversary(simulator, createRng(seed).fork('adversary'), broker);
  const { sign, verify } = broker.signer;
  if (!verifies) broker.signer = { sign, verify: (message) => verify(message) ?? message };
  adversary.plan(MESSAGES, schedule.healsAt, broker);
  const recorded = new Set<string>();
  const look = () => {
    for (const id of checker.ids()) {
      const order = checker.last(id);
      if (order && hasForgedVerdict(order)) recorded.add(id);
    }
    simulator.schedule(1_000, look);
  };
  look();
  await run.execute();
  look();
  return { violation: checker.violation, recorded: [...recorded], published: adversary.published };
}

test('forged and replayed verdicts among all other faults break no invariant, and no forged one is recorded', async () => {
  const total = { forged: 0, replayed: 0 };
  for (let seed = FIRST; seed < FIRST + SCHEDULES; seed++) {
    const { violation, recorded, published } = await attack(seed);
    expect([violation, recorded], replayHint(seed)).toEqual([undefined, []]);
    total.forged += published.forged;
    total.replayed += published.replayed;
  }
  process.stdout.write(`${JSON.stringify(total)} in ${SCHEDULES} schedules\n`);
  expect(Math.min(total.forged, total.replayed)).toBeGreaterThan(50 * SCHEDULES);
});

test('replicas that do not verify signatures record forged verdicts', async () => {
  expect((await attack(FIRST, false)).recorded.length).toBeGreaterThan(0);
});
