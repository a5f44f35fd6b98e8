import type { LaneCursor } from '@standing-order/contracts';

/** The place of a change event relative to a lane that is read up to its cursor. */
export type Sequence =
  /** The next change of the lane: as good as if it had been pulled. */
  | 'next'
  /** Included already. */
  | 'past'
  /** Out of sequence, or the lane is still loading: do not advance the cursor. */
  | 'early';

/** Compares the number of a change event with the cursor of its lane. */
export function classify(cursor: LaneCursor, seq: number): Sequence {
  if (cursor.at !== undefined) return 'early';
  if (seq <= cursor.seq) return 'past';
  return seq === cursor.seq + 1 ? 'next' : 'early';
}

/** A local copy never returns to an older version. */
export const isNewer = (offered: number, known: number | undefined): boolean => known === undefined || offered > known;

/**
 * The cursor of a lane after a pull whose response has the cursor `next`. Events may have advanced the lane beyond it while
 * the pull was in flight.
 */
export function cursorAfter(cursor: LaneCursor, next: LaneCursor): LaneCursor {
  const isOvertaken = next.at === undefined && cursor.at === undefined && cursor.seq > next.seq;
  return isOvertaken ? cursor : next;
}
