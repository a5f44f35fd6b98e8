import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = resolve(import.meta.dirname, '../..');
const DEADLINE_MS = 60_000;

/** The scripts of this repository; `check` is vitest itself. */
const scripts = Object.entries(packageJson.scripts)
  .filter(([name]) => name !== 'check')
  .map(([name, command]) => [name, command.replace('node deploy/run.mjs ', '')] as const);

describe('--help', () => {
  test.each(scripts)('of %s prints the usage and does no work', async (name, entry) => {
    // Without a cluster, so that a script that ignores its arguments cannot take down one that another test uses.
    const env = { ...process.env, STANDING_ORDER_CLUSTER: '/nonexistent' };
    const program = promisify(execFile)(process.execPath, [entry, '--help'], { cwd: ROOT, env, timeout: DEADLINE_MS });
    const { stdout } = await program;
    expect(stdout).toMatch(new RegExp(`^(Usage:|) *npm (run )?${name}( |$)`, 'm'));
  });
});
