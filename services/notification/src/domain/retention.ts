import { pageOf } from '@standing-order/entity-store/paged-log';
import type { DeliveryState } from './delivery-state.ts';

/** Entries of the event log, and of the delivery history, that stay readable per endpoint. */
export const READABLE_ENTRIES = 1_000;

export interface PagesToDelete {
  /** The state's `dropped` once these pages are deleted. */
  readonly dropped: DeliveryState['dropped'];
  /** Pages of the event log. */
  readonly events: readonly number[];
  /** Pages of the delivery history. */
  readonly history: readonly number[];
}

/** Maximum number of pages deleted at a time. */
const MAX_PAGES = 50;

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.min(Math.max(0, to - from), MAX_PAGES) }, (_, index) => from + index);

/**
 * Selects the pages of an endpoint's logs that are older than the readable entries. A page of the event log is kept while an event
 * on it is open. Undefined when the state does not change. Pure.
 *
 * @param newest position of the newest entry of the delivery history
 */
export function pagesToDelete({ taken, open, dropped }: DeliveryState, newest: number): PagesToDelete | undefined {
  const needed = new Set(open.map(({ position }) => pageOf(position)));
  const old = range(dropped.events, pageOf(Math.max(1, taken - READABLE_ENTRIES)));
  const history = range(dropped.history, pageOf(Math.max(1, newest - READABLE_ENTRIES)));
  const candidates = [...dropped.kept, ...old];
  const events = candidates.filter((page) => !needed.has(page));
  if (events.length === 0 && history.length === 0 && old.length === 0) return undefined;
  return {
    dropped: {
      events: dropped.events + old.length,
      kept: candidates.filter((page) => needed.has(page)),
      history: dropped.history + history.length,
    },
    events,
    history,
  };
}

/** True while the event at this position of the event log has not been deleted. */
export const isReadable = ({ dropped }: DeliveryState, position: number): boolean =>
  pageOf(position) >= dropped.events || dropped.kept.includes(pageOf(position));
