/** Items of the run's restaurant. Their quantities are the digits of a request number, to the base BASE. */
export const MENU = ['ones', 'thousands', 'millions'] as const;
const BASE = 1_000;

/** A line of an order in the request of the order service. */
export interface Line {
  readonly itemId: string;
  readonly quantity: number;
}

/**
 * The lines of the order with this request number (0 to 10^9 - 1). They are unique in the run, so that a stored order
 * identifies its request even when the response was lost.
 */
export function linesOf(requestNumber: number): Line[] {
  if (!Number.isInteger(requestNumber) || requestNumber < 0 || requestNumber >= BASE ** MENU.length)
    throw new Error(`not a request number: ${requestNumber}`);
  return MENU.map((itemId, place) => ({ itemId, quantity: 1 + (Math.floor(requestNumber / BASE ** place) % BASE) }));
}

/** The request number of these lines; undefined for lines that no run creates. */
export function requestNumberOf(lines: readonly Line[]): number | undefined {
  const known = lines.length === MENU.length && lines.every(({ itemId }, place) => itemId === MENU[place]);
  return known ? lines.reduce((sum, { quantity }, place) => sum + (quantity - 1) * BASE ** place, 0) : undefined;
}
