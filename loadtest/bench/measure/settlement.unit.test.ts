import { describe, expect, it } from 'vitest';
import { settledPerSecond, settlementTimes } from './settlement.ts';

const orders = [
  { createdAt: 0, settledAt: 1000 },
  { createdAt: 100, settledAt: 1999 },
  { createdAt: 900, settledAt: 2000 },
  { createdAt: 950, settledAt: undefined },
  { createdAt: 1500, settledAt: 1600 },
];

describe('settlement', () => {
  it('per second counts what was settled inside the stretch, whenever it was made', () => {
    expect(settledPerSecond(orders, 1000, 2000)).toBe(3);
    expect(settledPerSecond(orders, 1000, 3000)).toBe(2);
  });

  it('times are of the orders made inside the stretch', () => {
    expect([...settlementTimes(orders, 0, 1000)]).toEqual([1000, 1100, 1899]);
  });
});
