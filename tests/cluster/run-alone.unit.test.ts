import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runAlone } from './run-alone.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'standing-order-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

const { signal } = new AbortController();

test('a second cluster test begins when the first one has ended, and reports once that it waits', async () => {
  const events: string[] = [];
  const lines: string[] = [];
  const run = (name: string) =>
    runAlone({ deadlineMs: 30_000, signal, log: (line) => lines.push(line) }, async () => {
      events.push(`${name} begins`);
      await delay(600);
      events.push(`${name} ends`);
    });
  await Promise.all([run('one'), run('two')]);
  expect(events).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  expect(lines).toEqual([`waiting for the cluster test of process ${process.pid}`]);
});

test('a second cluster test fails when the first one does not end in time', async () => {
  const gate = Promise.withResolvers<void>();
  const first = runAlone({ deadlineMs: 0, signal, log: () => {} }, () => gate.promise);
  const second = runAlone({ deadlineMs: 0, signal, log: () => {} }, async () => {});
  await expect(second).rejects.toThrow(`which process ${process.pid} holds`);
  gate.resolve();
  await first;
});
