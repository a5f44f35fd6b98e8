import type { StateStore } from '@standing-order/dapr';
import { createPagedLog, type PagedLog } from '@standing-order/entity-store/paged-log';
import type { Finished } from '../../domain/delivery-state.ts';
import type { Event } from '../../domain/event.ts';

/** One finished delivery, in the log. */
export interface Past extends Finished {
  readonly id: string;
}

/** What each webhook has in the store beside its registration. */
export interface Logs {
  /** What it is told of. */
  readonly events: PagedLog<Event>;
  /** What became of it. */
  readonly history: PagedLog<Past>;
}

export const eventsOf = (hook: string): string => `events:${hook}`;
export const historyOf = (hook: string): string => `history:${hook}`;
export const cursorOf = (hook: string): string => `cursor:${hook}`;
export const leaseOf = (hook: string): string => `lease:${hook}`;

/** Entries of each log that stay readable. */
export const KEPT = 1_000;

export const createLogs = (store: StateStore): Logs => ({
  events: createPagedLog<Event>(store),
  history: createPagedLog<Past>(store),
});
