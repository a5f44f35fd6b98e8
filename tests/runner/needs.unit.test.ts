import { glob, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isNeededByAll, testsThatNeed } from './needs.ts';

const root = resolve(import.meta.dirname, '../..');

/** The tests that start a platform and name this store or broker. The chart's are about words only. */
async function filesThatName(kind: string): Promise<string[]> {
  const files = [];
  for await (const file of glob('{packages,services,deploy/local,tests}/**/*.int.test.ts', { cwd: root })) {
    if (file.includes('node_modules') || file.startsWith('tests/chart/')) continue;
    const text = await readFile(resolve(root, file), 'utf8');
    if (new RegExp(`(store|broker): '${kind}'|'${kind}'[\\],)]`).test(text)) files.push(file);
  }
  return files;
}

describe('what is left out without a tool', () => {
  test.each([
    ['kafka', 'kafka'],
    ['postgresql', 'postgres'],
  ] as const)('every test that names %s needs %s', async (kind, tool) => {
    const named = await filesThatName(kind);
    expect(named.length).toBeGreaterThan(2);
    expect([...(await testsThatNeed([tool])).keys()]).toEqual(expect.arrayContaining(named));
  });

  test('a file says everything that it is missing', async () => {
    const without = await testsThatNeed(['java', 'kafka', 'k6', 'postgres']);
    expect(without.get('tests/platform/dead-replica.int.test.ts')).toEqual(['java', 'kafka']);
    expect(without.get('tests/platform/load.int.test.ts')).toEqual(['k6', 'postgres']);
    expect(without.has('tests/platform/story.redis.int.test.ts')).toBe(false);
  });

  test('nothing runs without a sidecar', () => {
    expect(isNeededByAll('daprd')).toBe(true);
    expect(isNeededByAll('kafka')).toBe(false);
  });
});
