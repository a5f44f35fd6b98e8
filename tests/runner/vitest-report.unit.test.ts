import { describe, expect, test } from 'vitest';
import { closingLines, sum } from './outcome.ts';
import { readVitestRun, type VitestRun } from './vitest-report.ts';

const base: VitestRun = { projects: ['unit'], narrowed: false, root: '/repo', exitCode: 0 };

function fileOf(name: string, statuses: Record<string, string>, status = 'passed') {
  const assertionResults = Object.entries(statuses).map(([fullName, outcome]) => ({ fullName, status: outcome }));
  return { name, status, assertionResults };
}

describe('what a run of vitest counts as', () => {
  test('tests passed, failed and skipped', () => {
    const file = fileOf(
      '/repo/a.unit.test.ts',
      { 'a b': 'passed', 'c (d)': 'failed', e: 'skipped', f: 'todo' },
      'failed',
    );
    expect(readVitestRun({ ...base, exitCode: 1, report: { testResults: [file] } })).toEqual({
      passed: 1,
      skipped: 2,
      failures: [{ name: 'a.unit.test.ts > c (d)', again: "npm test -- --only unit a.unit.test.ts -t 'c \\(d\\)'" }],
    });
  });

  test('a file that could not be loaded has failed', () => {
    const files = [fileOf('/repo/a.unit.test.ts', { a: 'passed' }), fileOf('/repo/b.unit.test.ts', {}, 'failed')];
    const { failures } = readVitestRun({ ...base, exitCode: 1, report: { testResults: files } });
    expect(failures).toEqual([{ name: 'b.unit.test.ts', again: 'npm test -- --only unit b.unit.test.ts' }]);
  });

  test('a runner that wrote no report has failed', () => {
    expect(readVitestRun({ ...base, narrowed: true, exitCode: 134 }).failures).toHaveLength(1);
  });

  test('a runner that ended badly although every test passed has failed', () => {
    const report = { testResults: [fileOf('/repo/a.unit.test.ts', { a: 'passed' })] };
    expect(readVitestRun({ ...base, exitCode: 1, report }).failures).toHaveLength(1);
  });

  test('no test executed is a failure, also when vitest is content', () => {
    const report = { testResults: [fileOf('/repo/a.unit.test.ts', { a: 'skipped' })] };
    expect(readVitestRun({ ...base, narrowed: true, report }).failures).toHaveLength(1);
  });

  test('a project that was asked for and executed nothing is a failure', () => {
    const report = { testResults: [fileOf('/repo/a.unit.test.ts', { a: 'passed' })] };
    const { failures } = readVitestRun({ ...base, projects: ['unit', 'integration'], report });
    expect(failures.map((failure) => failure.name)).toEqual(['integration: no test was executed']);
  });
});

test('the last line counts everything, after what was left out, the failures and how to run them alone', () => {
  const checks = { passed: 2, skipped: 0, failures: [{ name: 'knip', again: 'npm run check -- knip' }] };
  const left = { passed: 0, skipped: 1, leftOut: ['a.kafka.int.test.ts, kafka is missing'], failures: [] };
  expect(closingLines(sum([checks, left, { passed: 40, skipped: 1, failures: [] }]))).toEqual([
    'skipped: a.kafka.int.test.ts, kafka is missing',
    'failed: knip',
    '        npm run check -- knip',
    '42 passed, 1 failed, 2 skipped',
  ]);
});
