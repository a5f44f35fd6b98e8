import type { Order, Verdict } from './order.ts';

/**
 * Whether a verdict has prices for exactly the items and quantities of the order, each amount is quantity x unit price, and the
 * total is the sum of the amounts. True for a verdict without prices.
 */
export function isAsOrdered({ request }: Pick<Order, 'request'>, verdict: Verdict): boolean {
  if (verdict.kind !== 'details' || !verdict.valid) return true;
  const { lines, total } = verdict;
  const priced = new Map(lines.map((line) => [line.itemId, line]));
  return (
    // No item is ordered twice, so equal numbers exclude a second price for an item.
    lines.length === request.lines.length &&
    request.lines.every(({ itemId, quantity }) => {
      const line = priced.get(itemId);
      return line?.quantity === quantity && line.amount === quantity * line.unitPrice;
    }) &&
    lines.reduce((sum, { amount }) => sum + amount, 0) === total.amount
  );
}
