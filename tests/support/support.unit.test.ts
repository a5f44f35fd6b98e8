import { expect, test } from 'vitest';
import { compareWithStore, storedOrders } from './state.ts';

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
