import { z } from 'zod';
import { displayName, entityId } from './ids.ts';
import { amount, currency } from './money.ts';

/** Maximum number of items of a menu. */
export const MAX_MENU_ITEMS = 500;

/** Refuses a list in which an id appears twice. The fault has the field of the second one. */
export const uniqueBy =
  (field: 'id' | 'itemId') =>
  (context: z.core.ParsePayload<readonly { readonly id?: string; readonly itemId?: string }[]>): void => {
    const seen = new Set<string | undefined>();
    context.value.forEach((entry, index) => {
      if (seen.has(entry[field])) {
        context.issues.push({
          code: 'custom',
          input: entry[field],
          path: [index, field],
          message: 'must not appear twice',
        });
      }
      seen.add(entry[field]);
    });
  };

/** An item that a restaurant offers, with its price in the currency of the restaurant. */
export const menuItem = z.strictObject({
  id: entityId,
  name: displayName,
  price: amount.describe("In minor units of the restaurant's currency."),
  available: z.boolean().default(true),
});
export type MenuItem = z.infer<typeof menuItem>;

const menu = z.array(menuItem).max(MAX_MENU_ITEMS).check(uniqueBy('id'));

const fields = { name: displayName, open: z.boolean(), currency, minimumOrder: amount, menu };

/** Body of POST /restaurants. Without an id, the service generates one. */
export const restaurantRequest = z.strictObject({
  ...fields,
  id: entityId.optional(),
  open: fields.open.default(true),
  minimumOrder: amount.default(0),
});
export type RestaurantRequest = z.infer<typeof restaurantRequest>;

/** Body of PATCH /restaurants/{id}. Absent fields stay as they are; a menu replaces the whole menu. */
export const restaurantPatch = z.strictObject(fields).partial();
export type RestaurantPatch = z.infer<typeof restaurantPatch>;

/** A restaurant, as stored and returned. */
export const restaurant = z.object({ id: entityId, ...fields });
export type Restaurant = z.infer<typeof restaurant>;
