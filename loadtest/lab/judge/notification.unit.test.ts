import { expect, test } from 'vitest';
import { notificationResult } from './notification.ts';

const times = { beganAt: 10_000, effectiveAt: 10_100, endBeganAt: 20_000, endedAt: 21_000 };
/** Of samples every second from 9 s on. */
const resultOf = (...orders: number[]) =>
  notificationResult(
    orders.map((each, index) => ({ at: 9_000 + 1_000 * index, orders: each })),
    times,
    40,
  );

test('counts the decisions that wait for the notification service, and the time until they are confirmed', () => {
  const result = resultOf(2, 1, 40, 80, 120, 160, 200, 240, 280, 320, 360, 400, 420, 300, 90, 3, 2);
  expect(result).toMatchObject({ backlogPeak: 420, recoveryMs: 4_000 });
  expect(result.timeline.slice(0, 3)).toEqual([
    { second: -1, backlog: 2 },
    { second: 0, backlog: 1 },
    { second: 1, backlog: 40 },
  ]);
});

test('does not count the orders of a moment as a backlog after the fault', () => {
  expect(resultOf(...Array.from({ length: 17 }, () => 40))).toMatchObject({ backlogPeak: 40, recoveryMs: 0 });
});

test('counts until the last sample while more orders wait', () => {
  expect(resultOf(...Array.from({ length: 17 }, () => 41))).toMatchObject({ recoveryMs: 5_000 });
  expect(resultOf()).toEqual({ backlogPeak: 0, recoveryMs: 0, timeline: [] });
});
