import { expect, test } from 'vitest';
import { consumerPatch, consumerRequest } from './consumer.ts';
import { amount, totalAmount } from './money.ts';
import { idempotencyKey, MAX_ORDER_LINES, MAX_QUANTITY, orderRequest } from './order.ts';
import { restaurantPatch, restaurantRequest } from './restaurant.ts';

const good = { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'soup', quantity: 2 }] };
const line = (quantity: unknown) => ({ ...good, lines: [{ itemId: 'soup', quantity }] });
const lines = (count: number) => ({
  ...good,
  lines: Array.from({ length: count }, (_, index) => ({ itemId: `item-${index}`, quantity: 1 })),
});

test('accepts a valid order unchanged', () => {
  expect(orderRequest.parse(good)).toEqual(good);
  expect(orderRequest.safeParse(lines(MAX_ORDER_LINES)).success).toBe(true);
});

test.each([
  ['quantity 0', line(0), 'lines.0.quantity'],
  ['quantity -1', line(-1), 'lines.0.quantity'],
  ['quantity 1e9', line(1e9), 'lines.0.quantity'],
  ['quantity 0.5', line(0.5), 'lines.0.quantity'],
  ['quantity as text', line('2'), 'lines.0.quantity'],
  ['quantity null', line(null), 'lines.0.quantity'],
  ['no lines', lines(0), 'lines'],
  ['10,000 lines', lines(10_000), 'lines'],
  ['lines that are no list', { ...good, lines: {} }, 'lines'],
  ['an item twice', { ...good, lines: [...good.lines, ...good.lines] }, 'lines.1.itemId'],
  ['an id that ends in a space', { ...good, consumerId: 'a ' }, 'consumerId'],
  ['an id with a line break', { ...good, consumerId: 'a\nb' }, 'consumerId'],
  ['an id beyond ASCII', { ...good, consumerId: 'Zoë' }, 'consumerId'],
  ['an id that is removed from a URL', { ...good, consumerId: '..' }, 'consumerId'],
  ['an id with the separator of keys', { ...good, restaurantId: 'a||b' }, 'restaurantId'],
  ['a consumer id of 256 characters', { ...good, consumerId: 'a'.repeat(256) }, 'consumerId'],
  ['a restaurant id of 65 characters', { ...good, restaurantId: 'a'.repeat(65) }, 'restaurantId'],
  ['an empty id', { ...good, consumerId: '' }, 'consumerId'],
  ['an id that is a number', { ...good, consumerId: 7 }, 'consumerId'],
  ['no body', null, ''],
  ['an unknown field', { ...good, price: 1 }, ''],
  ['__proto__ as a field', JSON.parse(`{"__proto__": {}, ${JSON.stringify(good).slice(1)}`), ''],
])('an order with %s is refused and the field named', (_, body, field) => {
  const { error } = orderRequest.safeParse(body);
  expect(error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
});

test.each(['', 'a b', 'ä', 'x'.repeat(256), 'tab\t'])('refuses the Idempotency-Key %j', (key) => {
  expect(idempotencyKey.safeParse(key).success).toBe(false);
});

test('the largest total is exact', () => {
  const largest = MAX_ORDER_LINES * MAX_QUANTITY * (amount.maxValue ?? Number.NaN);
  expect(Number.isSafeInteger(largest)).toBe(true);
  expect(totalAmount.safeParse(largest).success).toBe(true);
});

test('a patch has only the fields to change', () => {
  expect(consumerPatch.parse({ active: false })).toEqual({ active: false });
  expect(consumerPatch.safeParse({ id: 'other' }).success).toBe(false);
  expect(restaurantPatch.parse({ open: false })).toEqual({ open: false });
  expect(
    restaurantPatch.safeParse({
      menu: [
        { id: 'a', name: 'A', price: 1 },
        { id: 'a', name: 'B', price: 1 },
      ],
    }).success,
  ).toBe(false);
});

test('a new entity gets defaults for absent fields', () => {
  expect(consumerRequest.parse({ name: 'Ada', orderLimit: { amount: 1, currency: 'EUR' } })).toMatchObject({
    active: true,
  });
  expect(restaurantRequest.parse({ name: 'T', currency: 'EUR', menu: [] })).toMatchObject({
    open: true,
    minimumOrder: 0,
  });
});
