import { z } from 'zod';
import { consumer } from './consumer.ts';
import { carriedMoney } from './money.ts';
import { MAX_MENU_ITEMS, menuItem, restaurant } from './restaurant.ts';

/** In so many lanes an owner counts the changes of its entities; lane = hash(id) mod this. Never changes. */
export const CHANGE_LANES = 16;

const lane = z
  .int()
  .min(0)
  .max(CHANGE_LANES - 1);
const version = z.int().min(1);

/** Entities as messages carry them: unknown fields are kept out. */
export const carriedConsumer = z.object({ ...consumer.shape, orderLimit: carriedMoney });
/** A restaurant as messages carry it, its menu included. */
export const carriedRestaurant = z.object({
  ...restaurant.shape,
  menu: z.array(z.object(menuItem.shape)).max(MAX_MENU_ITEMS),
});

/** Data of a change event. `seq` counts the changes of its lane without gaps, `version` those of the entity; both from 1. */
export const changed = <E extends z.ZodType>(entity: E) => z.object({ lane, seq: z.int().min(1), version, entity });

/**
 * How far somebody has read one lane: everything up to `seq`. With `at` it is being loaded in full: that many of its
 * entities are read, and up to `seq` holds once all are.
 */
export const laneCursor = z.object({ seq: z.int().min(0), at: z.int().min(0).optional() });
export type LaneCursor = z.infer<typeof laneCursor>;

/** Body of POST /changes: one cursor for each lane. */
export const changesRequest = z.strictObject({ since: z.array(laneCursor).length(CHANGE_LANES) });
export type ChangesRequest = z.infer<typeof changesRequest>;

/** Something new in one lane. An entity without `seq` belongs to the full state. Ask again from `next`. */
const laneNews = <E extends z.ZodType>(entity: E) =>
  z.object({
    lane,
    changes: z.array(z.object({ seq: z.int().min(1).optional(), version, entity })),
    next: laneCursor,
  });

/**
 * What POST /changes answers: news of each lane that has any. complete: from these cursors on, nothing else had changed when
 * the owner looked. reset: the caller has seen changes that the owner does not have; only starting from nothing helps.
 */
export const changesResponse = <E extends z.ZodType>(entity: E) =>
  z.object({ lanes: z.array(laneNews(entity)), complete: z.boolean(), reset: z.boolean() });

export interface LaneChanges<E> {
  readonly lane: number;
  readonly changes: readonly { readonly seq?: number | undefined; readonly version: number; readonly entity: E }[];
  readonly next: LaneCursor;
}

export interface ChangesResponse<E> {
  readonly lanes: readonly LaneChanges<E>[];
  readonly complete: boolean;
  readonly reset: boolean;
}
