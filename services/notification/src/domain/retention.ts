import { pageOf } from '@standing-order/entity-store/paged-log';
import { KEPT } from '../delivery/storage/logs.ts';
import type { Cursor } from './delivery-state.ts';

export interface Dropping {
  /** What the cursor says afterwards. */
  readonly dropped: Cursor['dropped'];
  /** Pages that are not needed any more. */
  readonly events: readonly number[];
  readonly history: readonly number[];
}

/** Most pages at a time. */
const MOST = 50;

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.min(Math.max(0, to - from), MOST) }, (_, index) => from + index);

/**
 * Which pages of a webhook's logs nobody will read again: those far enough behind, unless an event on it is open. Undefined
 * when there is none. Pure.
 *
 * @param newest position of the newest entry of the delivery log
 */
export function dropping({ taken, open, dropped }: Cursor, newest: number): Dropping | undefined {
  const needed = new Set(open.map(({ position }) => pageOf(position)));
  const behind = range(dropped.events, pageOf(Math.max(1, taken - KEPT)));
  const history = range(dropped.history, pageOf(Math.max(1, newest - KEPT)));
  const candidates = [...dropped.kept, ...behind];
  const events = candidates.filter((page) => !needed.has(page));
  if (events.length === 0 && history.length === 0 && behind.length === 0) return undefined;
  return {
    dropped: {
      events: dropped.events + behind.length,
      kept: candidates.filter((page) => needed.has(page)),
      history: dropped.history + history.length,
    },
    events,
    history,
  };
}

/** Whether an event of the log can still be read. */
export const isReadable = ({ dropped }: Cursor, position: number): boolean =>
  pageOf(position) >= dropped.events || dropped.kept.includes(pageOf(position));
