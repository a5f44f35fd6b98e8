import { expect, test } from 'vitest';
import { readinessOf } from './readiness.ts';

const sidecar = { ready: true, reasons: [] };

test('a replica stays ready while the state store refuses writes, and reports it as a reason', () => {
  const { ready, reasons } = readinessOf(sidecar, { ready: true, refusesWrites: true });
  expect(ready).toBe(true);
  expect(reasons).toEqual([expect.stringContaining('accepts no writes')]);
});

test('a replica without a registered writer is not ready', () => {
  const { ready, reasons } = readinessOf(sidecar, { ready: false, refusesWrites: false, reason: 'starting' });
  expect(ready).toBe(false);
  expect(reasons).toEqual(['the outbox is not ready: starting']);
  expect(readinessOf(sidecar, { ready: true, refusesWrites: false })).toEqual({ ready: true, reasons: [] });
});
