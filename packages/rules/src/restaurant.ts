import type {
  DetailsVerdict,
  MenuItem,
  MessageData,
  OrderLine,
  PricedLine,
  Reason,
  Restaurant,
} from '@standing-order/contracts';

type Command = Pick<MessageData<'com.standing-order.validate-order-details.v1'>, 'restaurantId' | 'lines'>;

/**
 * Decides whether a restaurant can fulfil an order, and at which prices.
 *
 * A valid order gets the current name and price of each item. All amounts are whole minor units of the restaurant's currency:
 * a line is quantity x price, the total is the sum of the lines. No amount is rounded, and the limits of the contract keep every
 * total below 2^53, where whole numbers are exact.
 *
 * A refusal has every reason: `RESTAURANT_CLOSED` (field `restaurantId`), `ITEM_NOT_ON_MENU` and `ITEM_UNAVAILABLE` for each
 * line (`lines[i].itemId`), `MINIMUM_ORDER_NOT_MET` (`lines`). The minimum is only checked when all items are on the menu:
 * without their prices there is no total. `RESTAURANT_NOT_FOUND` is always the only reason.
 *
 * Pure: the same restaurant gives the same verdict, in the restaurant service and on a local copy.
 *
 * @param restaurant undefined if it does not exist
 */
export function validateOrderDetails(
  restaurant: Omit<Restaurant, 'name'> | undefined,
  { restaurantId, lines }: Command,
): DetailsVerdict {
  if (!restaurant) {
    return refused([
      { code: 'RESTAURANT_NOT_FOUND', detail: `restaurant ${restaurantId} does not exist`, field: 'restaurantId' },
    ]);
  }
  const menu = new Map(restaurant.menu.map((item) => [item.id, item]));
  const priced = lines.flatMap((line) => priceLine(line, menu.get(line.itemId)));
  const total = priced.reduce((sum, { amount }) => sum + amount, 0);
  const reasons = [
    ...checkOpen(restaurant),
    ...lines.flatMap((line, index) => checkItem(menu.get(line.itemId), line, index)),
    ...(priced.length === lines.length ? checkMinimum(restaurant, total) : []),
  ];
  if (reasons.length > 0) return refused(reasons);
  return {
    type: 'com.standing-order.order-details-validated.v1',
    data: { lines: priced, total: { amount: total, currency: restaurant.currency } },
  };
}

function refused(reasons: Reason[]): DetailsVerdict {
  return { type: 'com.standing-order.order-details-refused.v1', data: { reasons } };
}

function priceLine({ itemId, quantity }: OrderLine, item: MenuItem | undefined): PricedLine[] {
  if (!item) return [];
  return [{ itemId, name: item.name, quantity, unitPrice: item.price, amount: quantity * item.price }];
}

function checkOpen({ id, open }: Pick<Restaurant, 'id' | 'open'>): Reason[] {
  return open ? [] : [{ code: 'RESTAURANT_CLOSED', detail: `restaurant ${id} is closed`, field: 'restaurantId' }];
}

function checkItem(item: MenuItem | undefined, { itemId }: OrderLine, index: number): Reason[] {
  const location = { field: `lines[${index}].itemId`, itemId };
  if (!item) return [{ code: 'ITEM_NOT_ON_MENU', detail: `${itemId} is not on the menu`, ...location }];
  if (!item.available) return [{ code: 'ITEM_UNAVAILABLE', detail: `${itemId} is not available now`, ...location }];
  return [];
}

function checkMinimum(
  { minimumOrder, currency }: Pick<Restaurant, 'minimumOrder' | 'currency'>,
  total: number,
): Reason[] {
  if (total >= minimumOrder) return [];
  const detail = `the total of ${total} ${currency} (minor units) is below the minimum of ${minimumOrder}`;
  return [{ code: 'MINIMUM_ORDER_NOT_MET', detail, field: 'lines' }];
}
