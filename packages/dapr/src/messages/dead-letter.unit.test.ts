import { expect, test } from 'vitest';
import { deadLetterOf } from './dead-letter.ts';

test('the dead letter of a message that cannot be serialised keeps its first levels', () => {
  const deep: unknown = JSON.parse('['.repeat(100) + ']'.repeat(100));
  // As Node 24 does with a message that is nested more deeply than its stack allows. Node 26 serialises such a message.
  const fail = () => {
    throw new RangeError('Maximum call stack size exceeded');
  };
  const event = Object.defineProperty({ id: 'entry-1', a: deep }, 'toJSON', { value: fail });

  const { payload, truncated, original } = deadLetterOf('topic', '/source', event, 'invalid', [], 0).data;
  expect(truncated).toBe(true);
  expect(original).toMatchObject({ id: 'entry-1' });
  expect(JSON.parse(payload)).toHaveProperty('a');
  expect(payload).toContain('...');
});
