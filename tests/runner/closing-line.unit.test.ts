import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const CONFIG = `
  import { ClosingLine } from ${JSON.stringify(join(import.meta.dirname, 'closing-line.ts'))};
  const project = (name) => ({ test: { name, globals: true, include: ['*.' + name + '.test.js'] } });
  export default { test: { reporters: [new ClosingLine()], projects: [project('unit'), project('integration')] } };`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'closing-line-'));
  await writeFile(join(folder, 'vitest.config.mjs'), CONFIG);
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs vitest on these files, by name. Returns its exit code and what it printed, line by line. */
async function run(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return new Promise<{ code: number; lines: string[] }>((done) => {
    const options = { cwd: folder, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, [VITEST, 'run', ...args], options, (error, stdout) =>
      done({ code: Number(error?.code ?? 0), lines: stdout.trim().split('\n') }),
    );
  });
}

const PASSES = "test('passes', () => {});";

describe('the last line of a run', () => {
  test('counts passed, failed and skipped tests, after each failure with the command that repeats it', async () => {
    const mixed = `${PASSES} test('c (d)', () => { throw new Error('no'); }); test.skip('e', () => {}); test.todo('f');`;
    const { code, lines } = await run({ 'a.unit.test.js': mixed, 'b.integration.test.js': PASSES });
    expect(lines.slice(-3)).toEqual([
      'failed: a.unit.test.js > c (d)',
      "        npm test -- --project unit a.unit.test.js -t 'c \\(d\\)'",
      '2 passed, 1 failed, 2 skipped',
    ]);
    expect(code).toBe(1);
  });

  test('counts a file that cannot be loaded as a failure', async () => {
    const { lines } = await run({ 'a.unit.test.js': 'import "./missing.js";', 'b.integration.test.js': PASSES });
    expect(lines).toContain('failed: a.unit.test.js');
    expect(lines.at(-1)).toMatch(/^1 passed, [12] failed, 0 skipped$/);
  });

  test('counts a failed hook as a failure', async () => {
    const hook = `beforeAll(() => { throw new Error('no'); }); ${PASSES}`;
    const { lines } = await run({ 'a.unit.test.js': hook, 'b.integration.test.js': PASSES }, '-t', 'passes');
    expect(lines.slice(-3)).toEqual([
      'failed: a.unit.test.js',
      '        npm test -- --project unit a.unit.test.js',
      '1 passed, 1 failed, 1 skipped',
    ]);
  });

  test('counts an error outside of any test as a failure', async () => {
    const late =
      "test('passes', () => { setTimeout(() => { throw new Error('late'); }, 1); return new Promise((r) => setTimeout(r, 50)); });";
    const { code, lines } = await run({ 'a.unit.test.js': late, 'b.integration.test.js': PASSES });
    expect(lines.at(-1)).toBe('2 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  test('counts a project without an executed test as a failure', async () => {
    const { code, lines } = await run({ 'a.unit.test.js': PASSES });
    expect(lines).toContain('failed: integration: no test was executed');
    expect(lines.at(-1)).toBe('1 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  test('counts a narrowed run without an executed test as a failure', async () => {
    const { code, lines } = await run({ 'a.unit.test.js': "test.skip('a', () => {});" }, 'a.unit');
    expect(lines.at(-1)).toBe('0 passed, 1 failed, 1 skipped');
    expect(code).toBe(1);
  });
});
