import type { Token } from '@standing-order/outbox';
import { expect, test } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import type { Confirmation, OrderInput } from '../domain/decide.ts';
import type { Order } from '../domain/order.ts';
import { orderDocumentHandler } from './document-handler.ts';

const { apply, onTimeout, pendingChannels, tokenOf } = orderDocumentHandler;
const token: Token = { w: 'w', a: 1, t: 0 };
const CONFIRMATIONS: readonly Confirmation['kind'][] = ['received', 'noted', 'indexed'];
const LONG_AFTER = 1_000_000_000;

const LINE = { itemId: 'pizza', name: 'Pizza', quantity: 1, unitPrice: 1, amount: 1 };

/** Every input that a late or repeated message can have. */
const INPUTS: readonly OrderInput[] = [
  { kind: 'consumer', valid: true, token, orderLimit: { amount: 1, currency: 'EUR' } },
  { kind: 'consumer', valid: false, token, reasons: [] },
  { kind: 'details', valid: true, token, lines: [LINE], total: { amount: 1, currency: 'EUR' } },
  { kind: 'details', valid: false, token, reasons: [] },
  { kind: 'time-up' },
  ...CONFIRMATIONS.map((kind) => ({ kind, token })),
];

/** Every order that the inputs lead to, in any order, for each setting of the platform. */
function reachableOrders(): Order[] {
  const orders: Order[] = [];
  for (let setting = 0; setting < 16; setting++) {
    const order = {
      ...sampleOrder({
        id: 'a',
        fingerprint: 'f',
        client: 'c',
        decideWithin: (setting & 1) === 0 ? undefined : 10,
        notify: (setting & 2) !== 0,
        index: (setting & 4) !== 0,
      }),
      ...((setting & 8) !== 0 && { replyTo: { client: 'shop', correlationId: 'x' } }),
    };
    const seen = new Map<string, Order>([[JSON.stringify(order), order]]);
    for (const current of seen.values()) {
      for (const input of INPUTS) {
        for (const now of [5, LONG_AFTER]) {
          const decision = apply(current, input, now);
          if ('document' in decision) seen.set(JSON.stringify(decision.document), decision.document);
        }
      }
    }
    orders.push(...seen.values());
  }
  return orders;
}

test('no input changes a complete order, so that no write restores it after it has expired', () => {
  const complete = reachableOrders().filter((order) => pendingChannels(order).length === 0);
  expect(new Set(complete.map(({ status }) => status))).toEqual(new Set(['VALIDATED', 'REJECTED', 'EXPIRED']));
  for (const order of complete) {
    expect(onTimeout(order, LONG_AFTER)).toBeUndefined();
    for (const input of INPUTS) expect(apply(order, input, LONG_AFTER)).toHaveProperty('ignored');
  }
});

test('every input but the deadline has the token of its command, which names the insertion of the order', () => {
  for (const input of INPUTS) expect(tokenOf?.(input), input.kind).toBe(input.kind === 'time-up' ? undefined : token);
});
