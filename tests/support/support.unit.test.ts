import { expect, test } from 'vitest';
import { judge, storedOrders } from './state.ts';
import { until } from './until.ts';

const always = () => true;

test('a look that fails is repeated; one that asserts what is not so ends the wait', async () => {
  let looks = 0;
  const look = (): number => {
    if (++looks === 1) throw new Error('not there yet');
    return looks;
  };
  expect(await until('the second look', look, always)).toBe(2);
  await expect(until('never', () => expect(1).toBe(2), always)).rejects.toThrow('expected 1 to be 2');
});

test('an acknowledged order is lost, undecided or refused, unless it is VALIDATED', () => {
  const stored = Object.entries({ a: 'VALIDATED', b: 'PENDING', c: 'REJECTED', d: 'EXPIRED', e: 'REJECTED' });
  const orders = storedOrders(
    stored.map(([id, status]) => ({ key: `order||o:${id}`, data: JSON.stringify({ status }), version: '1' })),
  );
  expect(judge(['a', 'b', 'c', 'd', 'x'], orders)).toEqual({
    lost: ['x'],
    undecided: ['b'],
    refused: ['c', 'd'],
    statuses: { VALIDATED: 1, PENDING: 1, REJECTED: 2, EXPIRED: 1 },
  });
});
