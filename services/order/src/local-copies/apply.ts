import type { LaneCursor } from '@standing-order/contracts';

/** What a change event is to a lane that is read up to `cursor`. */
export type Turn =
  /** The very next change: as good as if it had been pulled. */
  | 'next'
  /** Known already. */
  | 'past'
  /** Something before it is missing, or the lane is being loaded: nothing follows from it but that this version exists. */
  | 'early';

export function turnOf(cursor: LaneCursor, seq: number): Turn {
  if (cursor.at !== undefined) return 'early';
  if (seq <= cursor.seq) return 'past';
  return seq === cursor.seq + 1 ? 'next' : 'early';
}

/** A replica never goes back. */
export const isNewer = (offered: number, known: number | undefined): boolean => known === undefined || offered > known;

/**
 * Where a lane is after a pull that was answered with `next`. While the pull was on its way, events may have carried the
 * lane further than the answer knows.
 */
export function cursorAfter(cursor: LaneCursor, next: LaneCursor): LaneCursor {
  const overtaken = next.at === undefined && cursor.at === undefined && cursor.seq > next.seq;
  return overtaken ? cursor : next;
}
