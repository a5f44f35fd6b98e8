import { expect, test } from 'vitest';
import { SECOND } from '../src/util/time.ts';
import { heldUpByParked, heldUpByPoison, longestWaitInUpgrade, lostFromBatch } from './batches.ts';

test('an order on which its validator dies holds up the others of its message for one reorder window only', async () => {
  expect(await heldUpByPoison({})).toBeUndefined();
});

test('the retry of a parked order on which its validator dies holds up no other order', async () => {
  expect(await heldUpByParked({})).toBeUndefined();
});

test('neither poison nor lost orders hold up others with the waits and writes of Kafka', async () => {
  const settings = { fillMs: 200, holdMs: 200, answerHeld: true, replyWrites: 2, joinWrites: true };
  expect(await heldUpByPoison({ settings })).toBeUndefined();
  expect(await heldUpByParked({ settings })).toBeUndefined();
  expect(await lostFromBatch({ settings })).toBeUndefined();
});

test('an order that its validator leaves out of a batch is sent again', async () => {
  expect(await lostFromBatch({})).toBeUndefined();
});

// An outcome of the order service is such an announcement.
test('announcements share messages, and none is held up or lost by the others of its message', async () => {
  expect(await heldUpByPoison({}, 'announce')).toBeUndefined();
  expect(await lostFromBatch({}, 'announce')).toBeUndefined();
  expect(await longestWaitInUpgrade(0.5, 'announce')).toBeLessThanOrEqual(30 * SECOND);
  const repeatsBatches = { policies: { sendsAlone: () => false } };
  expect(await heldUpByPoison(repeatsBatches, 'announce')).toBeDefined();
});

// Replicas of the version before put each batch message aside as a dead letter.
test.each([0.5, 1])(
  'an upgrade in which %d of all messages reach old replicas delays orders, and loses none',
  async (old) => {
    const waited = await longestWaitInUpgrade(old);
    process.stdout.write(`with ${old} of all messages at old replicas, no order waited longer than ${waited} ms\n`);
    expect(waited).toBeLessThanOrEqual(30 * SECOND);
  },
);
