// @module-tag k6
// @module-tag toxiproxy-server
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeMachine } from './measure/machine.ts';

const PROGRAM = resolve(import.meta.dirname, 'main.ts');
let out: string;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'standing-order-lab-'));
});
afterAll(() => rm(out, { recursive: true, force: true }));

test('a quick lab shows that only the synchronous style needs the consumer service, and that no order is lost', async () => {
  const { code, output } = await new Promise<{ code: number; output: string }>((done) => {
    execFile(process.execPath, [PROGRAM, '--quick', '--out', out], { timeout: 330_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
  expect(code, output).toBe(0);
  const folder = join(out, 'quick', 'runs');
  const files = await readdir(folder);
  const runs = await Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8'))));
  expect(runs.map(({ plan }) => plan.fault).toSorted()).toEqual([
    'broker-killed',
    'consumer-down',
    'none',
    'order-replica-killed',
  ]);
  for (const { plan, findings } of runs) expect(findings, plan.fault).toEqual([]);
  expect(runs.map(({ machine }) => machine)).toEqual(runs.map(() => describeMachine()));
  const during = (fault: string, style: string) => {
    const { yes, offered } = runs.find(({ plan }) => plan.fault === fault).styles[style].shares.answered.during;
    expect(offered, `${style} under ${fault}`).toBeGreaterThan(30);
    return yes / offered;
  };
  // Speed is reported, not judged: on a busy machine some answers are late.
  for (const style of ['respond-first', 'messaging'])
    expect(during('consumer-down', style), style).toBeGreaterThan(during('consumer-down', 'synchronous'));
  expect(during('none', 'synchronous')).toBeGreaterThan(during('consumer-down', 'synchronous'));
  expect(during('consumer-down', 'synchronous')).toBeLessThan(0.2);
  expect(await readFile(join(out, 'quick', 'index.html'), 'utf8')).toContain('Consumer service down');
});
