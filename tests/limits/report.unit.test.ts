import { describe, expect, test } from 'vitest';
import type { AbusePhase } from './abuse.ts';
import { bytesOf, podLimitOf } from './pod-limits.ts';
import { abuseReport, memoryReport } from './report.ts';

const MIB = 2 ** 20;
const containment = (kills = {}) => ({ limitOf: () => 512 * MIB, kills: () => kills });

test('reads the limits of the pods from the values of the chart', () => {
  expect([bytesOf('1Gi'), bytesOf('512Mi')]).toEqual([1_024 * MIB, 512 * MIB]);
  expect(() => bytesOf('512M')).toThrow('512M');
  for (const process of ['order-1', 'order-1-dapr', 'redis-state', 'kafka'])
    expect(podLimitOf(process)).toBeGreaterThan(100 * MIB);
});

describe('the report of memory', () => {
  const result = { phases: { taking: { 'order-1': 255 * MIB } }, ended: [], undecided: 0, drainSeconds: 3 };

  test('passes below half of each limit', () => {
    const { text, passed } = memoryReport(result, containment());
    expect(text).toContain('| order-1 | 255 | 512 | 50 % | 0 |');
    expect(passed).toBe(true);
  });

  test('passes with a broker that is full up to its own bound', () => {
    const phases = { draining: { 'redis-broker': 400 * MIB, kafka: 400 * MIB, 'order-1-dapr': 255 * MIB } };
    expect(memoryReport({ ...result, phases }, containment()).passed).toBe(true);
  });

  test.each([
    ['half of the limit of a sidecar', { ...result, phases: { taking: { 'order-1-dapr': 256 * MIB } } }],
    ['half of a limit', { ...result, phases: { taking: { 'order-1': 256 * MIB } } }],
    ['a process that ended', { ...result, ended: ['order-1'] }],
    ['an undecided order', { ...result, undecided: 1 }],
  ])('fails at %s', (_, failed) => {
    expect(memoryReport(failed, containment()).passed).toBe(false);
  });
});

describe('the report of abuse', () => {
  const phase = (disturbed: boolean, p99: number): AbusePhase => ({
    ...{ disturbed, p50: 1, p99, offered: 9, acknowledged: 9 },
    ...{ peaks: { 'order-1': 100 * MIB }, attack: undefined },
  });
  const report = (phases: readonly AbusePhase[], undecided = 0, kills = {}) =>
    abuseReport({ phases, undecided }, containment(kills)).passed;

  test('passes with at most twice the latency', () => {
    expect(report([phase(false, 10), phase(true, 20)])).toBe(true);
    expect(report([phase(false, 10), phase(true, 20.1)])).toBe(false);
  });

  test('fails with an order that was not taken or not decided, and with too much memory', () => {
    expect(report([phase(false, 10), { ...phase(true, 10), acknowledged: 8 }])).toBe(false);
    expect(report([phase(false, 10), phase(true, 10)], 1)).toBe(false);
    expect(report([phase(false, 10), phase(true, 10)], 0, { 'order-1': 1 })).toBe(false);
    expect(report([phase(false, 10), { ...phase(true, 10), peaks: { 'order-1': 512 * MIB } }])).toBe(false);
  });
});
