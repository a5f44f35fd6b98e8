import { orderView } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import { decide, type OrderInput } from './decide.ts';
import type { Order } from './order.ts';
import { receiptOf, viewOf } from './view.ts';

const token = { w: 'w', a: 1, t: 1 };
const lines = [{ itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1800 }];
const valid: OrderInput = { kind: 'consumer', valid: true, token, orderLimit: { amount: 5000, currency: 'EUR' } };
const priced: OrderInput = { kind: 'details', valid: true, token, lines, total: { amount: 1800, currency: 'EUR' } };
const soldOut: OrderInput = {
  kind: 'details',
  valid: false,
  token,
  reasons: [{ code: 'ITEM_UNAVAILABLE', detail: 'sold out', field: 'lines[0].itemId', itemId: 'pizza' }],
};

const pending = sampleOrder({
  request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 2 }] },
  now: Date.UTC(2026, 0, 1),
  decideWithin: 60_000,
});

function after(...inputs: [OrderInput, number][]): Order {
  return inputs.reduce<Order>((order, [input, now]) => {
    const decision = decide(order, input, now);
    return 'document' in decision ? decision.document : order;
  }, pending);
}

const settledAt = Date.UTC(2026, 0, 1, 0, 0, 1);
const orders = {
  PENDING: pending,
  VALIDATED: after([valid, settledAt], [priced, settledAt]),
  REJECTED: after([valid, settledAt], [soldOut, settledAt]),
  EXPIRED: after([{ kind: 'time-up' }, Date.UTC(2026, 0, 1, 0, 1)]),
};

describe('the view of an order', () => {
  it.each(Object.entries(orders))('fulfils its contract for status %s', (status, order) => {
    expect(viewOf(order).status).toBe(status);
    expect(orderView.parse(viewOf(order))).toEqual(viewOf(order));
  });

  it('has the fixed prices of a VALIDATED order and the reasons of a REJECTED one', () => {
    expect(viewOf(orders.VALIDATED)).toMatchObject({
      lines,
      total: { amount: 1800 },
      settledAt: '2026-01-01T00:00:01.000Z',
    });
    expect(viewOf(orders.REJECTED)).toMatchObject({ reasons: [{ code: 'ITEM_UNAVAILABLE' }] });
    expect(viewOf(orders.EXPIRED)).toMatchObject({ deadline: '2026-01-01T00:01:00.000Z' });
  });

  it('hides the internal fields', () => {
    expect(JSON.stringify(viewOf(orders.VALIDATED))).not.toMatch(/nonce|fingerprint|token|answers|orderLimit/);
  });
});

it.each(Object.entries(orders))(
  'the JSON text does not depend on the order of keys in the stored document: %s',
  (_, order) => {
    const reversed: Order = JSON.parse(JSON.stringify(order), (_key, value) =>
      value?.constructor === Object ? Object.fromEntries(Object.entries(value).reverse()) : value,
    );
    expect(JSON.stringify(reversed)).not.toBe(JSON.stringify(order));
    expect(JSON.stringify(viewOf(reversed))).toBe(JSON.stringify(viewOf(order)));
    expect(JSON.stringify(receiptOf(reversed))).toBe(JSON.stringify(receiptOf(order)));
  },
);

describe('the receipt of an order', () => {
  it('is the same in every state of the order', () => {
    for (const order of Object.values(orders)) expect(receiptOf(order)).toEqual(viewOf(pending));
  });
});
