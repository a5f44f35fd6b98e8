import { expect, test } from 'vitest';
import { handleInTurn, MAX_LARGE } from './large-deliveries.ts';

const LARGE = 200 * 1024;
/** A message of the largest size that the platform sends. */
const USUAL = 32 * 1024;

function setUp() {
  const ends: (() => void)[] = [];
  let started = 0;
  const deliver = (bytes: number) =>
    handleInTurn(bytes, () => {
      started++;
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  return { deliver, started: () => started, endFirst: () => ends.shift()?.() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('handles few large deliveries at the same time, and the others in their turn', async () => {
  const { deliver, started, endFirst } = setUp();
  const all = Array.from({ length: MAX_LARGE + 2 }, () => deliver(LARGE));
  await settled();
  expect(started()).toBe(MAX_LARGE);
  for (const _ of all) {
    endFirst();
    await settled();
  }
  await Promise.all(all);
  expect(started()).toBe(MAX_LARGE + 2);
});

test('does not delay usual messages behind large deliveries', async () => {
  const { deliver, started, endFirst } = setUp();
  const all = [...Array.from({ length: MAX_LARGE + 1 }, () => deliver(LARGE)), deliver(USUAL), deliver(USUAL)];
  await settled();
  expect(started()).toBe(MAX_LARGE + 2);
  for (const _ of all) {
    endFirst();
    await settled();
  }
  await Promise.all(all);
});

test('a delivery that fails makes room for the next one', async () => {
  const failing = Array.from({ length: MAX_LARGE }, () =>
    handleInTurn(LARGE, () => Promise.reject(new Error('broken'))),
  );
  await expect(Promise.all(failing)).rejects.toThrow('broken');
  expect(await handleInTurn(LARGE, async () => 'handled')).toBe('handled');
});
