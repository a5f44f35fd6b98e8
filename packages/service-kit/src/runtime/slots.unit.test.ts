import { expect, test } from 'vitest';
import { createSlots } from './slots.ts';

/** Slots with a list of the calls that have started. */
function recorded(count: number, maxWaiting: number) {
  const slots = createSlots(count, maxWaiting);
  const started: string[] = [];
  return { slots, started, enter: (name: string) => slots.enter(() => started.push(name)) };
}

test('starts waiting calls in their order, as earlier calls leave', () => {
  const { started, enter } = recorded(2, 10);
  const [leaveA, leaveB] = [enter('a'), enter('b')];
  enter('c');
  enter('d');
  expect(started).toEqual(['a', 'b']);
  leaveB?.();
  expect(started).toEqual(['a', 'b', 'c']);
  leaveA?.();
  expect(started).toEqual(['a', 'b', 'c', 'd']);
});

test('refuses a call when the queue is full, and takes one again when a place is free', () => {
  const { started, enter } = recorded(1, 1);
  const leaveA = enter('a');
  const leaveB = enter('b');
  expect(enter('c')).toBeUndefined();
  leaveB?.();
  expect(enter('d')).toBeDefined();
  leaveA?.();
  expect(started).toEqual(['a', 'd']);
});

test('is idle when the last call has left', async () => {
  const { slots, enter } = recorded(1, 1);
  await slots.idle();
  const leaves = [enter('a'), enter('b')];
  const order: string[] = [];
  const idle = slots.idle().then(() => order.push('idle'));
  leaves[0]?.();
  await Promise.resolve();
  order.push('b left');
  leaves[1]?.();
  await idle;
  expect(order).toEqual(['b left', 'idle']);
});
