import { expect, test } from 'vitest';
import { poll } from './poll.ts';
import { compareWithStore, storedOrders } from './state.ts';

const always = () => true;

test('poll repeats after an error, and rejects at once after a failed assertion', async () => {
  let looks = 0;
  const look = (): number => {
    if (++looks === 1) throw new Error('not there yet');
    return looks;
  };
  expect(await poll('the second look', look, always)).toBe(2);
  await expect(poll('never', () => expect(1).toBe(2), always)).rejects.toThrow('expected 1 to be 2');
});

test('an acknowledged order that is not VALIDATED is lost, undecided or refused', () => {
  const stored = Object.entries({ a: 'VALIDATED', b: 'PENDING', c: 'REJECTED', d: 'EXPIRED', e: 'REJECTED' });
  const orders = storedOrders(
    stored.map(([id, status]) => ({ key: `order||o:${id}`, data: JSON.stringify({ status }), version: '1' })),
  );
  expect(compareWithStore(['a', 'b', 'c', 'd', 'x'], orders)).toEqual({
    lost: ['x'],
    undecided: ['b'],
    refused: ['c', 'd'],
    statuses: { VALIDATED: 1, PENDING: 1, REJECTED: 2, EXPIRED: 1 },
  });
});
