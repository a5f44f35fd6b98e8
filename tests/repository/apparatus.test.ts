import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { faultsOf, linesByFile, rowsOf } from './apparatus.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('apparatus', () => {
  const rows = rowsOf(readFileSync(resolve(ROOT, 'docs/apparatus.md'), 'utf8'));
  expect(faultsOf(rows, linesByFile(ROOT))).toEqual([]);
});
