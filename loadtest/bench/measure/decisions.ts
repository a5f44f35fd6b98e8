/** Times at which an order was created and decided, from its document; Unix time in milliseconds. */
export interface Times {
  readonly createdAt: number;
  readonly settledAt: number | undefined;
}

/** Orders decided per second in a period. */
export function decidedPerSecond(orders: Iterable<Times>, from: number, to: number): number {
  let decided = 0;
  for (const { settledAt } of orders) if (settledAt !== undefined && settledAt >= from && settledAt < to) decided++;
  return decided / ((to - from) / 1000);
}

/** Milliseconds from creation to decision, ascending, of the decided orders that were created in a period. */
export function decisionTimes(orders: Iterable<Times>, from: number, to: number): Float64Array {
  const times: number[] = [];
  for (const { createdAt, settledAt } of orders) {
    if (settledAt !== undefined && createdAt >= from && createdAt < to) times.push(settledAt - createdAt);
  }
  return Float64Array.from(times).sort();
}
