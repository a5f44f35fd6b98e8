import { glob, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** Integration tests, with their text, that start a platform with this store or broker. */
async function testsOn(kind: string): Promise<[file: string, text: string][]> {
  const found: [string, string][] = [];
  const exclude = (path: string) => path.includes('node_modules') || path.startsWith('tests/chart');
  for await (const file of glob('{packages,services,deploy/local,tests}/**/*.int.test.ts', { cwd: ROOT, exclude })) {
    const text = await readFile(resolve(ROOT, file), 'utf8');
    if (file.includes(`.${kind}.`) || new RegExp(`(store|broker): '${kind}'|'${kind}'[\\],)]`).test(text))
      found.push([file, text]);
  }
  return found;
}

test.each([
  ['kafka', 'kafka'],
  ['kafka', 'java'],
  ['postgresql', 'postgres'],
])('every integration test that names %s has the tag %s, so that it is skipped without it', async (kind, tag) => {
  const tests = await testsOn(kind);
  expect(tests.length).toBeGreaterThan(2);
  for (const [file, text] of tests) expect(text, file).toContain(`// @module-tag ${tag}\n`);
});
