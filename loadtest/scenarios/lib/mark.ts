/** The items of the restaurant that a run orders from: digits to the base of the largest quantity. */
export const MENU = ['ones', 'thousands', 'millions'] as const;
const BASE = 1_000;

/** A line of an order, as the order service takes it. */
export interface Line {
  readonly itemId: string;
  readonly quantity: number;
}

/**
 * The lines of a run's request number `mark` (0 to 10^9 - 1). No other request of the run has the same, so that a stored
 * order tells which request made it, also when its answer got lost.
 */
export function linesOf(mark: number): Line[] {
  if (!Number.isInteger(mark) || mark < 0 || mark >= BASE ** MENU.length) throw new Error(`no mark: ${mark}`);
  return MENU.map((itemId, place) => ({ itemId, quantity: 1 + (Math.floor(mark / BASE ** place) % BASE) }));
}

/** The number of the request that has these lines; undefined if no run makes such lines. */
export function markOf(lines: readonly Line[]): number | undefined {
  const known = lines.length === MENU.length && lines.every(({ itemId }, place) => itemId === MENU[place]);
  return known ? lines.reduce((mark, { quantity }, place) => mark + (quantity - 1) * BASE ** place, 0) : undefined;
}
