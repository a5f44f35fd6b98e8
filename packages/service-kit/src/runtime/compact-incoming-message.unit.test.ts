import { once } from 'node:events';
import { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CompactIncomingMessage } from './compact-incoming-message.ts';

const SMALLEST = 4 * 1024;

test('any parts: the body has the same bytes in the same order', async () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 * SMALLEST })), {
    maxLength: 50,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (lengths) => {
      const parts = lengths.map((length, index) => Buffer.alloc(length, index));
      const message = new CompactIncomingMessage(new Socket());
      const read = buffer(message);
      for (const part of parts) message.push(part);
      message.push(null);
      expect(await read).toEqual(Buffer.concat(parts));
    }),
    { numRuns: 50 },
  );
});

/** The lengths of the parts in which a body of these parts is read. */
async function readParts(parts: readonly Buffer[]): Promise<number[]> {
  const message = new CompactIncomingMessage(new Socket());
  const lengths: number[] = [];
  message.on('data', (part: Buffer) => lengths.push(part.length));
  for (const part of parts) message.push(part);
  message.push(null);
  await once(message, 'end');
  return lengths;
}

// 60 bodies of 16 KiB in chunks of one byte took 240 MiB, and 20 unread ones of 62 KiB took 560 MiB.
test('a body in many small parts is held in few blocks', async () => {
  expect(await readParts(Array(16_000).fill(Buffer.from('x')))).toEqual([SMALLEST, SMALLEST, SMALLEST, 3_712]);
});

test('a body in one part, or in large ones, is not copied', async () => {
  for (const length of [300, SMALLEST, 64 * 1024]) {
    const message = new CompactIncomingMessage(new Socket());
    const part = Buffer.alloc(length);
    message.push(part);
    message.push(null);
    expect(message.read()).toBe(part);
  }
});

test('a body that is not read makes the client wait', () => {
  const message = new CompactIncomingMessage(new Socket());
  let accepted = 0;
  while (message.push(Buffer.alloc(1_000))) accepted++;
  expect(message.readableLength).toBeLessThanOrEqual(message.readableHighWaterMark + SMALLEST);
  expect(accepted).toBeGreaterThan(0);
});
