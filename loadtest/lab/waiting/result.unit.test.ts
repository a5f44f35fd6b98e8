import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitingDocument } from '../report/waiting.ts';
import { addWaitingRun, readWaitingRuns, summariesOf, type WaitingRun } from './result.ts';

const intake = (acceptedPerSecond: number, p99: number) => ({
  acceptedPerSecond,
  p50: p99 / 2,
  p99,
  offered: 1_000,
  acknowledged: 1_000,
  waiting: { atBegin: 10_000, atEnd: 20_000 },
});

const runOf = (repetition: number, accepted: readonly [number, number], lost = 0): WaitingRun => ({
  version: 1,
  plan: { broker: 'redis', repetition, orders: 10_000, rate: 100, seconds: 10, concurrency: 256 },
  startedAt: '2026-11-28T00:00:00.000Z',
  commit: 'sample',
  control: intake(accepted[0], 10),
  backlog: intake(accepted[1], 20),
  drainSeconds: 10 + repetition,
  decided: 30_000,
  undecided: 0,
  lost,
});

test('compares each repetition with the control of the same repetition', () => {
  const [summary] = summariesOf([runOf(1, [1_000, 900]), runOf(2, [2_000, 2_200]), runOf(3, [500, 500])]);
  expect(summary?.accepted.ratio).toEqual({ median: 1, min: 0.9, max: 1.1 });
  expect(summary?.p99.ratio).toEqual({ median: 2, min: 2, max: 2 });
  expect(summary).toMatchObject({ broker: 'redis', runs: 3, offered: 3_000, acknowledged: 3_000, findings: 0 });
});

test('the documentation has the ratios with their spread, and names lost orders', () => {
  const document = waitingDocument(summariesOf([runOf(1, [1_000, 900]), runOf(2, [1_000, 1_000], 2)]));
  expect(document).toContain('| 0.95 (0.9 to 1) |');
  expect(document).toContain('after the restart, but for 2.');
  expect(waitingDocument([])).toBe('');
});

test('keeps each repetition once, and a folder without a measurement has none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-waiting-'));
  try {
    expect(await readWaitingRuns(folder)).toEqual([]);
    for (const run of [runOf(1, [1, 1]), runOf(2, [2, 2]), runOf(1, [3, 3])]) await addWaitingRun(folder, run);
    expect((await readWaitingRuns(folder)).map(({ control }) => control.acceptedPerSecond)).toEqual([2, 3]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
