import { describe, expect, it } from 'vitest';
import { decidedPerSecond, decisionTimes } from './decisions.ts';

const orders = [
  { createdAt: 0, settledAt: 1000 },
  { createdAt: 100, settledAt: 1999 },
  { createdAt: 900, settledAt: 2000 },
  { createdAt: 950, settledAt: undefined },
  { createdAt: 1500, settledAt: 1600 },
];

describe('decisions', () => {
  it('per second count the orders decided in the period, whenever they were created', () => {
    expect(decidedPerSecond(orders, 1000, 2000)).toBe(3);
    expect(decidedPerSecond(orders, 1000, 3000)).toBe(2);
  });

  it('times are those of the orders created in the period', () => {
    expect([...decisionTimes(orders, 0, 1000)]).toEqual([1000, 1100, 1899]);
  });
});
