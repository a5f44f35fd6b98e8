import { expect, test } from 'vitest';
import { heldUpByParked, heldUpByPoison, lostFromBatch } from './poison.ts';

test('an order on which its validator dies holds up the others of its message for one reorder window only', async () => {
  expect(await heldUpByPoison({})).toBeUndefined();
});

test('the retry of a parked order on which its validator dies holds up no other order', async () => {
  expect(await heldUpByParked({})).toBeUndefined();
});

test('an order that its validator leaves out of a batch is sent again', async () => {
  expect(await lostFromBatch({})).toBeUndefined();
});
