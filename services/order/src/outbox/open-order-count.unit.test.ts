import { createManualClock } from '@standing-order/testing/manual-clock';
import { expect, test } from 'vitest';
import { createOpenOrderCount } from './open-order-count.ts';

const MINUTE_MS = 60_000;

function setUp() {
  const clock = createManualClock();
  const stats: { writer: string | undefined; open: number } = { writer: undefined, open: 0 };
  return { clock, stats, count: createOpenOrderCount(() => stats, clock) };
}

test('is the number of the outbox, which starts at 0 under its first writer name', () => {
  const { stats, count } = setUp();
  expect(count()).toBe(0);
  for (const open of [0, 7, 3]) {
    Object.assign(stats, { writer: 'a', open });
    expect(count()).toBe(open);
  }
});

test('keeps the number of the former writer name until its orders are taken over', () => {
  const { clock, stats, count } = setUp();
  Object.assign(stats, { writer: 'a', open: 5_000 });
  expect(count()).toBe(5_000);
  Object.assign(stats, { writer: undefined, open: 0 });
  clock.advance(120 * MINUTE_MS);
  expect(count()).toBe(5_000);
  Object.assign(stats, { writer: 'b', open: 0 });
  expect(count()).toBe(5_000);
  stats.open = 6_000;
  expect(count()).toBe(6_000);
  stats.open = 10;
  expect(count()).toBe(5_000);
  clock.advance(15 * MINUTE_MS);
  expect(count()).toBe(10);
});

test('keeps the number while a second outage interrupts the takeover', () => {
  const { clock, stats, count } = setUp();
  Object.assign(stats, { writer: 'a', open: 5_000 });
  expect(count()).toBe(5_000);
  Object.assign(stats, { writer: 'b', open: 0 });
  expect(count()).toBe(5_000);
  clock.advance(11 * MINUTE_MS);
  expect(count()).toBe(5_000);
  Object.assign(stats, { writer: undefined, open: 0 });
  clock.advance(60 * MINUTE_MS);
  expect(count()).toBe(5_000);
  Object.assign(stats, { writer: 'c', open: 0 });
  expect(count()).toBe(5_000);
});
