import { expect, test } from 'vitest';
import type { RunResult } from '../runs/result.ts';
import { conditionsOf } from './conditions.ts';

const resultOf = (machine?: string): RunResult => ({
  ...{ version: 1, startedAt: '2026-11-28T00:00:00.000Z', commit: 'sample', styles: {}, findings: [], deadLetters: {} },
  plan: { fault: 'none', broker: 'kafka', repetition: 1, rate: 10, before: 3, during: 10, after: 6 },
  fault: { beganMs: 3_000, effectiveMs: 3_000, endBeganMs: 13_000, endedMs: 13_000 },
  orders: { sent: 1, acknowledged: 1, stored: 1 },
  ...(machine !== undefined && { machine }),
});

test('names the runs of an older lab, which had no notification service', () => {
  const result = { ...resultOf(), notification: { backlogPeak: 0, recoveryMs: 0, timeline: [] } };
  const platforms = conditionsOf([resultOf(), result]).filter((line) => line.startsWith('Platform:'));
  expect(platforms).toEqual([
    expect.stringContaining('one of each other service but notification, in processes'),
    expect.stringContaining('one of each other service, in processes'),
  ]);
});

const machineLine = (results: readonly RunResult[]) =>
  conditionsOf(results).filter((line) => line.startsWith('Machine:'));

test('names the machines that ran the lab, not the one that writes the page', () => {
  const results = ['8 x Sample, 16 GiB', '2 x Sample, 4 GiB', '8 x Sample, 16 GiB'].map(resultOf);
  expect(machineLine(results)).toEqual(['Machine: 2 x Sample, 4 GiB; 8 x Sample, 16 GiB.']);
});

test('states for how many runs of an older lab the machine is not recorded', () => {
  expect(machineLine([resultOf(), resultOf('8 x Sample, 16 GiB')])).toEqual([
    'Machine: 8 x Sample, 16 GiB; not recorded for 1 of 2 runs.',
  ]);
  expect(machineLine([resultOf()])).toEqual(['Machine: not recorded.']);
});
