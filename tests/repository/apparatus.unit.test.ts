import { expect, test } from 'vitest';
import { faultsOf, rowsOf } from './apparatus.ts';

const PAGE = `
| **deploy/** | 1,100 |
| deploy/local/ | 1,000 | processes | none |
| deploy/local/ports.ts | 100 | ports | none |
| deploy/dapr/ | 0 | YAML | none |
`;
const FILES = new Map([
  ['deploy/local/platform.ts', 1_000],
  ['deploy/local/ports.ts', 100],
  ['deploy/dapr/state.yaml', 0],
]);

const faults = (...changes: readonly [string, number][]) => faultsOf(rowsOf(PAGE), new Map([...FILES, ...changes]));

test('the page holds for files that its rows cover, each by the longest path', () => {
  expect(faults()).toEqual([]);
});

test('the page holds while a figure differs by at most a tenth, or by 15 lines', () => {
  expect(faults(['deploy/local/platform.ts', 1_090], ['deploy/local/ports.ts', 115])).toEqual([]);
});

test('each figure that differs by more is a fault', () => {
  expect(faults(['deploy/local/ports.ts', 120])).toEqual(['deploy/local/ports.ts has 120 lines, not 100']);
  expect(faults(['deploy/local/platform.ts', 2_000])).toEqual([
    'deploy/ has 2100 lines, not 1100',
    'deploy/local/ has 2000 lines, not 1000',
  ]);
});

test('a file without a row is a fault, and so is a row without a file', () => {
  expect(faults(['deploy/run.mjs', 5])).toEqual(['deploy/run.mjs has no row']);
  const withoutYaml = new Map([...FILES].filter(([file]) => !file.endsWith('.yaml')));
  expect(faultsOf(rowsOf(PAGE), withoutYaml)).toEqual(['deploy/dapr/ covers no file']);
});
