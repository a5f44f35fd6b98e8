import { expect, test } from 'vitest';
import { createUtilization, UTILIZATION_WINDOW_MS } from './utilization.ts';

/** A loop that a test advances. */
function loop() {
  const total = { idle: 0, active: 0 };
  const utilization = createUtilization((from = { idle: 0, active: 0, utilization: 0 }) => {
    const idle = total.idle - from.idle;
    const active = total.active - from.active;
    return { idle, active, utilization: active / (idle + active) };
  });
  return { total, utilization };
}

test('follows the event loop: an old load has no effect after one window', () => {
  const { total, utilization } = loop();
  total.active += UTILIZATION_WINDOW_MS;
  expect(utilization()).toBe(1);
  total.idle += UTILIZATION_WINDOW_MS;
  expect(utilization()).toBe(0);
});

test('calls within one window return the value of the last one, and shorten no window', () => {
  const { total, utilization } = loop();
  total.active += UTILIZATION_WINDOW_MS;
  expect(utilization()).toBe(1);
  for (let i = 0; i < 4; i++) {
    total.idle += UTILIZATION_WINDOW_MS / 5;
    expect(utilization()).toBe(1);
  }
  total.active += UTILIZATION_WINDOW_MS / 5;
  expect(utilization()).toBeCloseTo(0.2);
});

test('measures this thread', async () => {
  const utilization = createUtilization();
  const until = performance.now() + 2 * UTILIZATION_WINDOW_MS;
  while (performance.now() < until);
  await new Promise((resolve) => setImmediate(resolve));
  expect(utilization()).toBeGreaterThan(0.5);
});
