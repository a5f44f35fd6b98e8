import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** The output of a tool, and its exit code. Colours only where the run itself has them. */
async function run(name: string, ...args: readonly string[]): Promise<{ code: number; output: string }> {
  const options = { cwd: ROOT, maxBuffer: MAX_OUTPUT_BYTES };
  const program = resolve(ROOT, 'node_modules/.bin', name);
  return promisify(execFile)(program, args, options).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code: Number(code) || 1, output: `${stdout}${stderr}` }),
  );
}

test.each([
  ['biome', ['check', '--error-on-warnings']],
  ['tsc', ['-p', '.']],
  ['knip', []],
])('%s', async (name, args) => {
  const { code, output } = await run(name, ...args);
  expect(code, output).toBe(0);
});
