import { z } from 'zod';
import { consumer } from './consumer.ts';
import { carriedMoney } from './money.ts';
import { MAX_MENU_ITEMS, menuItem, restaurant } from './restaurant.ts';

/** Number of lanes in which a service numbers the changes of its entities; lane = hash(id) mod this. Never changes. */
export const CHANGE_LANES = 16;

const lane = z
  .int()
  .min(0)
  .max(CHANGE_LANES - 1);
const version = z.int().min(1);

/** A consumer in a message. Unknown fields are removed. */
export const carriedConsumer = z.object({ ...consumer.shape, orderLimit: carriedMoney });
/** A restaurant with its menu in a message. Unknown fields are removed. */
export const carriedRestaurant = z.object({
  ...restaurant.shape,
  menu: z.array(z.object(menuItem.shape)).max(MAX_MENU_ITEMS),
});

/** The data of a change event. `seq` numbers the changes of the lane, `version` those of the entity; both without gaps from 1. */
export const changed = <E extends z.ZodType>(entity: E) => z.object({ lane, seq: z.int().min(1), version, entity });

/**
 * The position of a reader in one lane: it has every change up to `seq`. With `at` the reader loads the lane in full: it has
 * read that many entities, and `seq` holds once it has read all of them.
 */
export const laneCursor = z.object({ seq: z.int().min(0), at: z.int().min(0).optional() });
export type LaneCursor = z.infer<typeof laneCursor>;

/** Body of POST /changes: one cursor for each lane. */
export const changesRequest = z.strictObject({ since: z.array(laneCursor).length(CHANGE_LANES) });
export type ChangesRequest = z.infer<typeof changesRequest>;

/** The changes of one lane. An entity without `seq` is part of the full state. The next request continues from `next`. */
const laneChanges = <E extends z.ZodType>(entity: E) =>
  z.object({
    lane,
    changes: z.array(z.object({ seq: z.int().min(1).optional(), version, entity })),
    next: laneCursor,
  });

/**
 * Response of POST /changes: the changes of each lane that has any. complete: there were no further changes when the response was
 * made. reset: the caller's cursors are ahead of the lanes; it must start again from 0.
 */
export const changesResponse = <E extends z.ZodType>(entity: E) =>
  z.object({ lanes: z.array(laneChanges(entity)), complete: z.boolean(), reset: z.boolean() });

/** The changes of one lane, and the cursor of the next request. */
export interface LaneChanges<E> {
  readonly lane: number;
  readonly changes: readonly { readonly seq?: number | undefined; readonly version: number; readonly entity: E }[];
  readonly next: LaneCursor;
}

/** The typed response of POST /changes. */
export interface ChangesResponse<E> {
  readonly lanes: readonly LaneChanges<E>[];
  readonly complete: boolean;
  readonly reset: boolean;
}
