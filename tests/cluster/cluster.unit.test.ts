import type { OrderLine } from '@standing-order/loadtest/request-log';
import { describe, expect, test } from 'vitest';
import { daprOf } from './dapr.ts';
import { readOptions } from './options.ts';
import { commandsOf, firstOrderLines, installFlags, loadLines } from './readme.ts';
import { chartImage } from './release.ts';
import { type Check, chosenOf, closingLines, leftOutLines, NotHere, runChecks } from './report.ts';
import { faultOfTaking, inWordsOf, stretchOf } from './stretch.ts';
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

  test('begins nothing that would not end in time, and ends what it began', async () => {
    const long = { ...check('a', async () => ''), takesMs: 120_000 };
    const end = { ...check('c', async () => ''), takesMs: 120_000, concludes: 'b' };
    const report = await run([long, check('b', async () => ''), end], () => 90_000);
    expect(report.checks.map(({ name, result }) => [name, result])).toEqual([
      ['a', 'skipped'],
      ['b', 'passed'],
      ['c', 'passed'],
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

describe('chosen by a part of their names', () => {
  const check = (name: string, needs: string[] = [], concludes?: string): Check => ({
    name,
    needs,
    run: async () => '',
    ...(concludes && { concludes }),
  });
  const all = [
    check('cluster'),
    check('Redis: install', ['cluster']),
    check('Redis: trace', ['Redis: install']),
    check('Redis: load', ['Redis: install']),
    check('Redis: Rolling', ['Redis: load']),
    check('Redis: lost', ['Redis: load'], 'Redis: load'),
    check('Redis: uninstall', ['Redis: install'], 'Redis: install'),
    check('Kafka: install', ['cluster']),
  ];
  const names = (part: string) => chosenOf(all, part).map(({ name }) => name);

  test('checks come with what they need and with what concludes that', () => {
    const rolling = ['cluster', 'Redis: install', 'Redis: load', 'Redis: Rolling', 'Redis: lost', 'Redis: uninstall'];
    expect(names('rolling')).toEqual(rolling);
    expect(names('trace')).toEqual(['cluster', 'Redis: install', 'Redis: trace', 'Redis: uninstall']);
    expect(names('nothing')).toEqual([]);
  });
});

test('checks that only --full makes are told, and not counted', () => {
  const check = (name: string): Check => ({ name, needs: [], run: async () => '' });
  const all = ['a', 'b', 'c'].map(check);
  expect(leftOutLines(all.slice(0, 1), all)).toEqual([
    'left out without --full, and not counted below: 2 checks',
    '  b',
    '  c',
  ]);
  expect(leftOutLines(all, all)).toEqual([]);
});

describe('what came of the orders of some time', () => {
  const order = (at: number, outcome: OrderLine['outcome'], error?: string): OrderLine => ({
    ...{ type: 'order', run: 'r', phase: 'p', requestNumber: at, key: `${at}`, at, ms: at / 100, status: 0, outcome },
    ...(error !== undefined && { error }),
  });
  const requests = [order(1_000, 'ok'), order(1_500, 'ok'), order(2_000, 'fail', '503'), order(2_500, 'ok')];

  test('is that of the orders that were sent after its begin until its end', () => {
    const stretch = stretchOf(requests, 2, 1_000, 2_500);
    expect(stretch).toMatchObject({ seconds: 1.5, offered: 3, missed: [{ at: 2_000 }] });
    expect(stretch.acknowledged.map(({ at }) => at)).toEqual([1_500, 2_500]);
    expect(inWordsOf(stretch)).toBe('66.67 % of 3 orders taken in 2 s, p95 25 ms, 1 x 503');
  });

  describe('is judged where orders must be taken', () => {
    const faultOf = (...outcomes: readonly OrderLine['outcome'][]) =>
      faultOfTaking(
        stretchOf(
          outcomes.map((outcome, index) => order(index + 1, outcome)),
          1,
          0,
          outcomes.length,
        ),
      );
    const taken = Array.from({ length: 99 }, () => 'ok' as const);

    test('fails by a single one that was refused, as while a part is away', () => {
      expect(faultOf(...taken, 'fail')).toMatch(/^1 orders were refused/);
    });

    test('passes when hardly one has no answer, on a busy machine', () => {
      expect(faultOf(...taken)).toBeUndefined();
      expect(faultOf(...taken, 'unknown', 'unknown')).toBeUndefined();
      expect(faultOf(...taken.slice(0, 17), 'unknown', 'unknown')).toMatch(/^orders are not taken/);
    });

    test('shows nothing when nothing was taken', () => {
      expect(faultOf()).toMatch(/^orders are not taken/);
    });
  });

  test('counts what a starved load generator has not sent', () => {
    const words = inWordsOf(stretchOf(requests, 10, 1_000, 2_500));
    expect(words).toContain('14.29 % of 14 orders');
    expect(words).toContain('11 not sent in time');
  });
});

describe('the Dapr of a cluster', () => {
  const injector = (version?: string) => ({
    metadata: { namespace: 'mesh', labels: version === undefined ? {} : { 'app.kubernetes.io/version': version } },
  });

  test('is where its injector is, and of its version', () => {
    expect(daprOf([injector('1.18.1')])).toEqual({ namespace: 'mesh', version: '1.18.1' });
    expect(daprOf([injector('2.0.0-rc.1')])).toMatchObject({ version: '2.0.0-rc.1' });
    expect(daprOf([injector('edge')])).toMatchObject({ version: 'edge' });
    expect(daprOf([injector()])).toMatchObject({ version: 'of an unknown version' });
  });

  test('is missed, and refused when it is too old', () => {
    expect(() => daprOf([])).toThrow('the cluster has no Dapr: install 1.18 or newer');
    expect(() => daprOf([injector('1.9.3')])).toThrow('Dapr in mesh is 1.9.3: install 1.18 or newer');
  });
});

test('the images of the chart are known by their values', async () => {
  await expect(chartImage('redisImage')).resolves.toMatch(/^redis:/);
  await expect(chartImage('noImage')).rejects.toThrow('no noImage');
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

  test('that the cluster test runs are there', async () => {
    // What comes next in that block needs a release that is ready.
    expect(await installFlags()).toEqual(['--wait', '--timeout', '5m']);
    expect((await firstOrderLines()).filter((line) => /^kubectl port-forward .*&$/.test(line))).toHaveLength(3);
    expect((await loadLines()).map((line) => /^npm run \w+|^kubectl [\w-]+/.exec(line)?.[0])).toEqual([
      'npm run load',
      'kubectl port-forward',
      'npm run checker',
    ]);
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
