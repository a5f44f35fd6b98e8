import type {
  MenuItem,
  MessageData,
  Money,
  OrderLine,
  PricedLine,
  Reason,
  Restaurant,
} from '@standing-order/contracts';

/** What ValidateOrderDetails is answered with. */
export type Verdict =
  | {
      readonly type: 'com.standing-order.order-details-validated.v1';
      readonly data: { readonly lines: PricedLine[]; readonly total: Money };
    }
  | { readonly type: 'com.standing-order.order-details-refused.v1'; readonly data: { readonly reasons: Reason[] } };

type Command = Pick<MessageData<'com.standing-order.validate-order-details.v1'>, 'restaurantId' | 'lines'>;

/** Whether this restaurant can make the order, and at which prices. A refusal carries every reason. Pure. */
export function validate(restaurant: Omit<Restaurant, 'name'> | undefined, { restaurantId, lines }: Command): Verdict {
  if (!restaurant) {
    return refused([
      { code: 'RESTAURANT_NOT_FOUND', detail: `there is no restaurant ${restaurantId}`, field: 'restaurantId' },
    ]);
  }
  const menu = new Map(restaurant.menu.map((item) => [item.id, item]));
  const priced = lines.flatMap((line) => price(line, menu.get(line.itemId)));
  const total = priced.reduce((sum, { amount }) => sum + amount, 0);
  const reasons = [
    ...closed(restaurant),
    ...lines.flatMap((line, index) => unfit(menu.get(line.itemId), line, index)),
    ...(priced.length === lines.length ? belowMinimum(restaurant, total) : []),
  ];
  if (reasons.length > 0) return refused(reasons);
  return {
    type: 'com.standing-order.order-details-validated.v1',
    data: { lines: priced, total: { amount: total, currency: restaurant.currency } },
  };
}

function refused(reasons: Reason[]): Verdict {
  return { type: 'com.standing-order.order-details-refused.v1', data: { reasons } };
}

function price({ itemId, quantity }: OrderLine, item: MenuItem | undefined): PricedLine[] {
  if (!item) return [];
  return [{ itemId, name: item.name, quantity, unitPrice: item.price, amount: quantity * item.price }];
}

function closed({ id, open }: Pick<Restaurant, 'id' | 'open'>): Reason[] {
  return open ? [] : [{ code: 'RESTAURANT_CLOSED', detail: `the restaurant ${id} is closed`, field: 'restaurantId' }];
}

function unfit(item: MenuItem | undefined, { itemId }: OrderLine, index: number): Reason[] {
  const where = { field: `lines[${index}].itemId`, itemId };
  if (!item) return [{ code: 'ITEM_NOT_ON_MENU', detail: `${itemId} is not on the menu`, ...where }];
  if (!item.available) return [{ code: 'ITEM_UNAVAILABLE', detail: `${itemId} is not available now`, ...where }];
  return [];
}

function belowMinimum(
  { minimumOrder, currency }: Pick<Restaurant, 'minimumOrder' | 'currency'>,
  total: number,
): Reason[] {
  if (total >= minimumOrder) return [];
  const detail = `the total of ${total} ${currency} (minor units) is below the minimum of ${minimumOrder}`;
  return [{ code: 'MINIMUM_ORDER_NOT_MET', detail, field: 'lines' }];
}
