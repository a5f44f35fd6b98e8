import { describe, expect, test } from 'vitest';
import { type Check, describeOmitted, formatSummary, runChecks, SkipCheck, selectChecks } from './check-runner.ts';

describe('runChecks', () => {
  const check = (name: string, run: Check['run'], needs: string[] = []): Check => ({ name, needs, run });
  const run = (checks: Check[], timeLeft = () => 600_000, signal = new AbortController().signal) =>
    runChecks(checks, { timeLeft, signal, log: () => {} });

  test('continues after a failure, and skips the checks that need the failed one', async () => {
    const report = await run([
      check('a', async () => 'observed'),
      check('b', async () => Promise.reject(new Error('broken'))),
      check('c', async () => 'never', ['b']),
      check('d', async () => Promise.reject(new SkipCheck('no history'))),
      check('e', async () => '', ['a']),
    ]);
    expect(report.checks.map(({ name, result, detail }) => [name, result, detail])).toEqual([
      ['a', 'passed', 'observed'],
      ['b', 'failed', 'broken'],
      ['c', 'skipped', 'needs: b'],
      ['d', 'skipped', 'no history'],
      ['e', 'passed', ''],
    ]);
    expect(formatSummary(report).at(-1)).toBe('2 passed, 1 failed, 2 skipped');
  });

  test('starts no check that would end too late, and runs the teardown of a started one', async () => {
    const long = { ...check('a', async () => ''), expectedMs: 120_000 };
    const teardown = { ...check('c', async () => ''), expectedMs: 120_000, teardownFor: 'b' };
    const report = await run([long, check('b', async () => ''), teardown], () => 90_000);
    expect(report.checks.map(({ name, result }) => [name, result])).toEqual([
      ['a', 'skipped'],
      ['b', 'passed'],
      ['c', 'passed'],
    ]);
  });

  test('fails the interrupted check and skips the rest', async () => {
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

  test('ends with a table of the measurements', async () => {
    const report = await run([
      check('a', async (measure) => {
        measure('helm test', '4 s');
        return '';
      }),
    ]);
    expect(formatSummary(report)).toEqual([
      '',
      '| | |',
      '|---|---|',
      '| helm test | 4 s |',
      '',
      '1 passed, 0 failed, 0 skipped',
    ]);
  });
});

describe('selectChecks', () => {
  const check = (name: string, needs: string[] = [], teardownFor?: string): Check => ({
    name,
    needs,
    run: async () => '',
    ...(teardownFor && { teardownFor }),
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
  const names = (text: string) => selectChecks(all, text).map(({ name }) => name);

  test('adds the needed checks and their teardowns', () => {
    const rolling = ['cluster', 'Redis: install', 'Redis: load', 'Redis: Rolling', 'Redis: lost', 'Redis: uninstall'];
    expect(names('rolling')).toEqual(rolling);
    expect(names('trace')).toEqual(['cluster', 'Redis: install', 'Redis: trace', 'Redis: uninstall']);
    expect(names('absent')).toEqual([]);
  });
});

test('lists the checks that only --full runs, without counting them', () => {
  const check = (name: string): Check => ({ name, needs: [], run: async () => '' });
  const all = ['a', 'b', 'c'].map(check);
  expect(describeOmitted(all.slice(0, 1), all)).toEqual([
    'omitted without --full, and not counted below: 2 checks',
    '  b',
    '  c',
  ]);
  expect(describeOmitted(all, all)).toEqual([]);
});
