import { describe, expect, it } from 'vitest';
import { constantRate } from './schedule.ts';

describe('constantRate', () => {
  const schedule = constantRate(200, 2);

  it('spaces arrivals evenly', () => {
    expect([0, 1, 2].map(schedule.at)).toEqual([0, 5, 10]);
  });

  it('hands out each arrival when it is due, and not one more than fit into the time', () => {
    expect(schedule.due(-1)).toBe(0);
    expect(schedule.due(0)).toBe(1);
    expect(schedule.due(4.9)).toBe(1);
    expect(schedule.due(5)).toBe(2);
    expect(schedule.due(1e9)).toBe(400);
  });
});
