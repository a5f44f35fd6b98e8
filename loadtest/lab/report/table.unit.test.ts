import { expect, test } from 'vitest';
import type { Finding, RunResult } from '../runs/result.ts';
import { matrixOf } from './matrix.ts';
import { documentOf } from './table.ts';

const resultOf = (more: Partial<RunResult> = {}): RunResult => ({
  ...{ version: 1, startedAt: '2026-11-28T00:00:00.000Z', commit: 'sample', styles: {}, findings: [], deadLetters: {} },
  plan: { fault: 'none', broker: 'kafka', repetition: 1, rate: 10, before: 3, during: 10, after: 6 },
  fault: { beganMs: 3_000, effectiveMs: 3_000, endBeganMs: 13_000, endedMs: 13_000 },
  orders: { sent: 1, acknowledged: 1, stored: 1 },
  ...more,
});

const documentWith = (...results: readonly RunResult[]) =>
  documentOf({ matrix: matrixOf(results, []), conditions: [], waiting: [], docs: '..' });

const FAULTLESS = 'no order was lost, doubled, stuck, unexpected or decided wrongly';
const notification = { backlogPeak: 0, recoveryMs: 0, timeline: [] };

test('states that the notification service has confirmed each decision', () => {
  const text = documentWith(resultOf({ notification }));
  expect(text).toContain(`${FAULTLESS}, and the notification service has confirmed each decision.`);
});

test('states nothing about confirmations if runs of an older lab had no notification service', () => {
  const older = { ...resultOf().plan, broker: 'redis' } as const;
  expect(documentWith(resultOf({ notification }), resultOf({ plan: older }))).toContain(`${FAULTLESS}.`);
});

test('counts unnotified orders as findings', () => {
  const findings = ['id-1', 'id-2'].map((ref): Finding => ({ kind: 'unnotified', style: 'messaging', ref }));
  const text = documentWith(resultOf({ notification, findings }));
  expect(text).toContain('The checker has 2 findings, which the page lists.');
  expect(text).not.toContain('no order was');
});
