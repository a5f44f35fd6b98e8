import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../src/util/time.ts';
import { leftBehind, NIGHT, type Outage, recoveryFrom } from './outages.ts';

const all = { orderLanes: 'all', lanes: 'all', sharedEvidence: false } as const;

const OUTAGES: Readonly<Record<string, Outage>> = {
  'of 40 minutes': { ...all, ms: 40 * MINUTE },
  'of 40 minutes, with shared evidence': { ...all, ms: 40 * MINUTE, sharedEvidence: true },
  'of 40 minutes, with orders in one lane': { ...all, ms: 40 * MINUTE, orderLanes: 'one' },
  'of 40 minutes, with a takeover after a minute': { ...all, ms: 40 * MINUTE, takeoverAfter: MINUTE },
  'of 100 minutes in half of the lanes, while the others work': { ...all, ms: 100 * MINUTE, lanes: 'half' },
  'of a night': { ...all, ms: NIGHT },
  'of a night, with shared evidence': { ...all, ms: NIGHT, sharedEvidence: true },
  'of a night, with orders in one lane': { ...all, ms: NIGHT, orderLanes: 'one' },
  'of a night, with one order': { ...all, ms: NIGHT, orders: 1 },
  'of a night, with a takeover after two hours': { ...all, ms: NIGHT, takeoverAfter: 2 * HOUR },
  'of a night, with a takeover just before its end': { ...all, ms: NIGHT, takeoverAfter: NIGHT - MINUTE },
};

describe('no order is left behind after an outage', () => {
  for (const [name, outage] of Object.entries(OUTAGES)) {
    test(name, async () => {
      const recovery = await recoveryFrom(outage);
      process.stdout.write(`${name}: ${JSON.stringify(recovery)}\n`);
      expect(leftBehind(recovery)).toBeUndefined();
      expect(recovery.parked).toBe(0);
    });
  }
});

describe('orders that were parked because most messages were lost', () => {
  test('are answered within minutes, not only after an hour', async () => {
    const ms = 20 * MINUTE;
    const recovery = await recoveryFrom({ ...all, ms, sharedEvidence: true, dropRate: 0.97, orders: 400 });
    process.stdout.write(`${JSON.stringify(recovery)}\n`);
    expect(recovery.violation).toBeUndefined();
    expect(recovery.parked).toBeGreaterThan(0);
    expect(recovery.last).toBeLessThan(3 * MINUTE);
  });
});
