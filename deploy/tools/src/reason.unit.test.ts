import { expect, test } from 'vitest';
import { reasonOf } from './reason.ts';

test('a reason has every cause once, also one that a message already contains', () => {
  const refused = new Error('connect ECONNREFUSED');
  expect(reasonOf(new TypeError('fetch failed', { cause: refused }))).toBe('fetch failed: connect ECONNREFUSED');
  const unread = new Error('the list could not be read', { cause: refused });
  const missing = new Error(`redis-server is missing: ${reasonOf(unread)}`, { cause: unread });
  expect(reasonOf(missing)).toBe('redis-server is missing: the list could not be read: connect ECONNREFUSED');
  expect(reasonOf('text')).toBe('text');
});
