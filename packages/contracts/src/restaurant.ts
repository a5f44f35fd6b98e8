import { z } from 'zod';
import { displayName, entityId } from './ids.ts';
import { amount, currency } from './money.ts';

/** The most items a menu can have. */
export const MAX_MENU_ITEMS = 500;

/** Refuses a list in which one id appears twice; the fault names the second one's field. */
export const uniqueBy =
  (field: 'id' | 'itemId') =>
  (context: z.core.ParsePayload<readonly { readonly id?: string; readonly itemId?: string }[]>): void => {
    const seen = new Set<string | undefined>();
    context.value.forEach((entry, index) => {
      if (seen.has(entry[field])) {
        context.issues.push({ code: 'custom', input: entry[field], path: [index, field], message: 'appears twice' });
      }
      seen.add(entry[field]);
    });
  };

/** What a restaurant offers, at which price in the currency of the restaurant. */
export const menuItem = z.strictObject({
  id: entityId,
  name: displayName,
  price: amount.describe("In minor units of the restaurant's currency."),
  available: z.boolean().default(true),
});
export type MenuItem = z.infer<typeof menuItem>;

const menu = z.array(menuItem).max(MAX_MENU_ITEMS).check(uniqueBy('id'));

const fields = { name: displayName, open: z.boolean(), currency, minimumOrder: amount, menu };

/** Body of POST /restaurants. Without an id the service gives one. */
export const restaurantRequest = z.strictObject({
  ...fields,
  id: entityId.optional(),
  open: fields.open.default(true),
  minimumOrder: amount.default(0),
});
export type RestaurantRequest = z.infer<typeof restaurantRequest>;

/** Body of PATCH /restaurants/{id}: what is left out stays; a menu that is given replaces the whole menu. */
export const restaurantPatch = z.strictObject(fields).partial();
export type RestaurantPatch = z.infer<typeof restaurantPatch>;

/** A restaurant as it is stored and shown. */
export const restaurant = z.object({ id: entityId, ...fields });
export type Restaurant = z.infer<typeof restaurant>;
