import { expect, test } from 'vitest';
import { createLabCommand, type LabOptions, type WaitingLabOptions } from './options.ts';
import { planRuns, runName } from './runs/plan.ts';
import { readFaults } from './timetable/read.ts';

async function read(...args: string[]): Promise<LabOptions | WaitingLabOptions> {
  let options: LabOptions | WaitingLabOptions | undefined;
  const program = createLabCommand({
    run: async (given) => {
      options = given;
    },
    report: async () => {},
    measureWaiting: async (given) => {
      options = given;
    },
    printChaos: async () => {},
  });
  for (const each of [program, ...program.commands]) each.configureOutput({ writeErr: () => {} });
  await program.parseAsync(args, { from: 'user' });
  return options as LabOptions | WaitingLabOptions;
}

test('runs every fault on both brokers five times by default', async () => {
  expect(await read()).toMatchObject({
    faults: undefined,
    brokers: ['redis', 'kafka'],
    repetitions: 5,
    cluster: undefined,
    keepLogs: false,
  });
  expect(await read('--keep-logs')).toMatchObject({ keepLogs: true });
});

test('a quick lab has a folder of its own, and a cluster has no broker to choose', async () => {
  expect(await read('--quick', '--out', '/tmp/lab')).toMatchObject({
    quick: true,
    brokers: ['redis'],
    out: '/tmp/lab/quick',
  });
  const cluster = await read('--cluster', '--namespace', 'ns', '--k6-image', 'k6:1');
  expect(cluster).toMatchObject({
    brokers: ['cluster'],
    cluster: { namespace: 'ns', release: 'shop', k6Image: 'k6:1' },
  });
});

test('measures 10,000 waiting orders on both brokers three times by default', async () => {
  expect(await read('waiting')).toMatchObject({ brokers: ['redis', 'kafka'], repetitions: 3, orders: 10_000 });
});

test.each([
  [['--brokers', 'redis,rabbit'], '--brokers must be redis, kafka or both'],
  [['--quick', '--cluster'], '--quick is for local processes'],
  [['waiting', '--brokers', 'rabbit'], '--brokers must be redis, kafka or both'],
  [['--runs', '0'], '--runs must be an integer between 1 and 100'],
])('refuses %s', async (args, message) => {
  await expect(read(...args)).rejects.toThrow(message);
});

test('a plan has each cell once per repetition, in another order each time, and the same order for the same seed', async () => {
  const faults = await readFaults();
  const timing = { rate: 10, before: 10, during: 12, after: 10 };
  const options = { faults, brokers: ['redis', 'kafka'], repetitions: 3, timing, seed: 7 } as const;
  const names = planRuns(options).map(runName);
  expect(new Set(names).size).toBe(3 * 2 * faults.length);
  expect(names).toEqual(planRuns(options).map(runName));
  const first = names.slice(0, 2 * faults.length);
  expect(first.every((name) => name.endsWith('-1'))).toBe(true);
  const cells = (repetition: number) =>
    names.filter((name) => name.endsWith(`-${repetition}`)).map((name) => name.slice(0, -2));
  expect(cells(1)).not.toEqual(cells(2));
  expect(cells(1).toSorted()).toEqual(cells(2).toSorted());
  expect(planRuns(options).find(({ fault }) => fault === 'order-replica-frozen')?.during).toBe(15);
});
