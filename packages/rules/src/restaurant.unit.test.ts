import { MAX_MENU_ITEMS, MAX_ORDER_LINES, MAX_QUANTITY, messageData, type Restaurant } from '@standing-order/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateOrderDetails } from './restaurant.ts';

const trattoria: Restaurant = {
  id: 'trattoria',
  name: 'Trattoria',
  open: true,
  currency: 'EUR',
  minimumOrder: 1000,
  menu: [
    { id: 'pizza', name: 'Pizza', price: 900, available: true },
    { id: 'water', name: 'Water', price: 0, available: true },
    { id: 'truffle', name: 'Truffle', price: 4000, available: false },
  ],
};

const order = (...lines: [itemId: string, quantity: number][]) => ({
  restaurantId: 'trattoria',
  lines: lines.map(([itemId, quantity]) => ({ itemId, quantity })),
});

describe('validateOrderDetails', () => {
  it('returns the prices of the menu', () => {
    expect(validateOrderDetails(trattoria, order(['pizza', 2], ['water', 1]))).toEqual({
      type: 'com.standing-order.order-details-validated.v1',
      data: {
        lines: [
          { itemId: 'pizza', name: 'Pizza', quantity: 2, unitPrice: 900, amount: 1800 },
          { itemId: 'water', name: 'Water', quantity: 1, unitPrice: 0, amount: 0 },
        ],
        total: { amount: 1800, currency: 'EUR' },
      },
    });
  });

  it.each([
    ['does not exist', undefined, order(['pizza', 2]), [['RESTAURANT_NOT_FOUND', 'restaurantId']]],
    ['is closed', { ...trattoria, open: false }, order(['pizza', 2]), [['RESTAURANT_CLOSED', 'restaurantId']]],
    ['does not have the item', trattoria, order(['pizza', 2], ['sushi', 1]), [['ITEM_NOT_ON_MENU', 'lines[1].itemId']]],
    ['has run out of the item', trattoria, order(['truffle', 1]), [['ITEM_UNAVAILABLE', 'lines[0].itemId']]],
    ['has a higher minimum', trattoria, order(['pizza', 1]), [['MINIMUM_ORDER_NOT_MET', 'lines']]],
    [
      'violates every rule',
      { ...trattoria, open: false, minimumOrder: 9000 },
      order(['truffle', 1], ['pizza', 1]),
      [
        ['RESTAURANT_CLOSED', 'restaurantId'],
        ['ITEM_UNAVAILABLE', 'lines[0].itemId'],
        ['MINIMUM_ORDER_NOT_MET', 'lines'],
      ],
    ],
    [
      'has no price for an item, so that the minimum is not checked',
      trattoria,
      order(['sushi', 1]),
      [['ITEM_NOT_ON_MENU', 'lines[0].itemId']],
    ],
  ])('refuses with every reason if the restaurant %s', (_, restaurant, command, reasons) => {
    const verdict = validateOrderDetails(restaurant, command);
    expect(verdict.type).toBe('com.standing-order.order-details-refused.v1');
    expect('reasons' in verdict.data && verdict.data.reasons.map(({ code, field }) => [code, field])).toEqual(reasons);
  });

  it('accepts a total equal to the minimum', () => {
    expect(validateOrderDetails({ ...trattoria, minimumOrder: 1800 }, order(['pizza', 2])).type).toMatch(/validated/);
    expect(validateOrderDetails({ ...trattoria, minimumOrder: 1801 }, order(['pizza', 2])).type).toMatch(/refused/);
  });

  it('returns a verdict that fulfils the contract of its message, for any menu and order', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const menu = fc.uniqueArray(
      fc.record({ id, name: fc.constant('x'), price: fc.nat(10_000_000_000), available: fc.boolean() }),
      { selector: (item) => item.id, maxLength: MAX_MENU_ITEMS },
    );
    const lines = fc.uniqueArray(fc.record({ itemId: id, quantity: fc.integer({ min: 1, max: MAX_QUANTITY }) }), {
      selector: (line) => line.itemId,
      minLength: 1,
      maxLength: MAX_ORDER_LINES,
    });
    fc.assert(
      fc.property(menu, lines, fc.boolean(), fc.nat(10_000_000_000), (items, wanted, open, minimumOrder) => {
        const command = { restaurantId: 'trattoria', lines: wanted };
        const { type, data } = validateOrderDetails({ ...trattoria, open, minimumOrder, menu: items }, command);
        const about = { orderId: '01890a5d-ac96-774b-bcce-b302099a8057', token: { w: 'w', a: 1, t: 0 } };
        expect(messageData[type].safeParse({ ...about, ...data }).error).toBeUndefined();
      }),
    );
  });
});
