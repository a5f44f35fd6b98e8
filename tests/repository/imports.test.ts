import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkImports } from './imports/check.ts';

test('imports', async () => {
  const { report, violations } = await checkImports(resolve(import.meta.dirname, '../..'));
  expect(violations, report).toBe(0);
});
