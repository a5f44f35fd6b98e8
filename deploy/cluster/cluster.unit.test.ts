import { describe, expect, test } from 'vitest';
import { readOptions } from './options.ts';
import { commandsOf } from './readme.ts';
import { type Check, closingLines, NotHere, runChecks } from './report.ts';
import { samplesOf, usageBetween, usageTable } from './usage.ts';

describe('the command line', () => {
  test('has defaults that fit the chart', () => {
    expect(readOptions([], '1.2.3')).toMatchObject({ image: 'standing-order:1.2.3', full: false, testCluster: false });
  });

  test('is refused with all its faults', () => {
    expect(() => readOptions(['--within', '5', '--image', 'No:Tag:', '--k6-image', 'k6'], '1')).toThrow(
      /--within.*\n--image.*\n--k6-image/,
    );
    expect(() => readOptions(['--wrong'], '1')).toThrow(/--wrong/);
  });
});

describe('a run of checks', () => {
  const check = (name: string, run: Check['run'], needs: string[] = []): Check => ({ name, needs, run });
  const run = (checks: Check[], timeLeft = () => 600_000, signal = new AbortController().signal) =>
    runChecks(checks, { timeLeft, signal, say: () => {} });

  test('goes on after a failure, and skips what needed it', async () => {
    const report = await run([
      check('a', async () => 'seen'),
      check('b', async () => Promise.reject(new Error('broken'))),
      check('c', async () => 'never', ['b']),
      check('d', async () => Promise.reject(new NotHere('no history'))),
      check('e', async () => '', ['a']),
    ]);
    expect(report.checks.map(({ name, result, detail }) => [name, result, detail])).toEqual([
      ['a', 'passed', 'seen'],
      ['b', 'failed', 'broken'],
      ['c', 'skipped', 'needs: b'],
      ['d', 'skipped', 'no history'],
      ['e', 'passed', ''],
    ]);
    expect(closingLines(report).at(-1)).toBe('2 passed, 1 failed, 2 skipped');
  });

  test('begins nothing that would not end in time', async () => {
    const long = { ...check('a', async () => ''), takesMs: 120_000 };
    const report = await run([long, check('b', async () => '')], () => 90_000);
    expect(report.checks.map(({ name, result }) => [name, result])).toEqual([
      ['a', 'skipped'],
      ['b', 'passed'],
    ]);
  });

  test('that is interrupted fails what it was at and skips the rest', async () => {
    const stop = new AbortController();
    const first = check('a', async () => {
      stop.abort();
      throw new Error('kubectl was interrupted');
    });
    const report = await run([first, check('b', async () => '')], () => 600_000, stop.signal);
    expect(report.checks.map(({ result, detail }) => [result, detail])).toEqual([
      ['failed', 'interrupted'],
      ['skipped', 'interrupted'],
    ]);
  });

  test('ends with a table of what was measured', async () => {
    const report = await run([
      check('a', async ({ measured }) => {
        measured('helm test', '4 s');
        return '';
      }),
    ]);
    expect(closingLines(report)).toEqual([
      '',
      '| | |',
      '|---|---|',
      '| helm test | 4 s |',
      '',
      '1 passed, 0 failed, 0 skipped',
    ]);
  });
});

describe("README's commands", () => {
  const readme = [
    '# A',
    '## B',
    '```sh',
    'other',
    '```',
    '## C',
    '```sh',
    'build',
    '```',
    '```sh',
    'forward x &',
    'curl \\',
    '  -d 1',
    '```',
    '',
  ];

  test('are those of the block in the section that has the word, with broken lines put together', () => {
    expect(commandsOf(readme.join('\n'), 'C', 'forward')).toEqual(['forward x &', 'curl -d 1']);
  });

  test('are missed when they are gone', () => {
    expect(() => commandsOf(readme.join('\n'), 'B', 'forward')).toThrow('no commands with forward');
  });
});

describe('what is used', () => {
  const stats = (seconds: number, cpu: number) => ({
    pods: ['shop', 'other'].map((namespace) => ({
      podRef: { name: 'shop-order-1', namespace },
      containers: [
        {
          name: 'daprd',
          cpu: { time: new Date(seconds * 1_000).toISOString(), usageCoreNanoSeconds: cpu },
          memory: { workingSetBytes: 100 * 2 ** 20 },
        },
      ],
    })),
  });
  const samples = (seconds: number, cpu: number) => samplesOf(stats(seconds, cpu), 'shop');

  test('is counted between two looks that are far enough apart', () => {
    const usages = usageBetween(samples(0, 0), samples(20, 1e9));
    expect(usages).toEqual([{ pod: 'shop-order-1', container: 'daprd', millicores: 50, mebibytes: 100 }]);
    expect(usageTable(usages ?? []).at(-1)).toEqual({ what: 'idle, the whole release', value: '0.05 cores, 100 MiB' });
  });

  test('is not known before', () => {
    expect(usageBetween(samples(0, 0), samples(10, 1e9))).toBeUndefined();
    expect(usageBetween(samples(0, 0), [])).toBeUndefined();
  });
});
