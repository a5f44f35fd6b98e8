import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunResult } from './result.ts';
import { openRunStore } from './run-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-runs-'));
});
afterAll(() => rm(folder, { recursive: true }));

const resultOf = (repetition: number): RunResult => ({
  ...{ version: 1, startedAt: '2026-11-28T00:00:00.000Z', commit: 'sample', styles: {}, findings: [], deadLetters: {} },
  plan: { fault: 'none', broker: 'kafka', repetition, rate: 10, before: 3, during: 10, after: 6 },
  fault: { beganMs: 3_000, effectiveMs: 3_000, endBeganMs: 13_000, endedMs: 13_000 },
  orders: { sent: 1, acknowledged: 1, stored: 1 },
});

test('keeps each finished run, and a run whose file was not written completely has no result', async () => {
  const store = openRunStore(join(folder, 'runs'));
  expect(await store.read()).toEqual([]);
  for (const repetition of [1, 2]) await store.write(resultOf(repetition));
  await writeFile(join(store.folder, 'kafka-none-3.json.new'), '{"version":1,"pl');
  expect(await openRunStore(store.folder).read()).toEqual([resultOf(1), resultOf(2)]);
});

test('refuses a folder with runs of another version of the lab', async () => {
  const store = openRunStore(join(folder, 'other'));
  await store.read();
  await writeFile(join(store.folder, 'kafka-none-1.json'), '{"version":0}');
  await expect(store.read()).rejects.toThrow('not a run of this version of the lab');
});
