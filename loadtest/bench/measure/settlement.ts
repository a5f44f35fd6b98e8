/** When an order was made and settled, as its document says; Unix time in milliseconds. */
export interface Times {
  readonly createdAt: number;
  readonly settledAt: number | undefined;
}

/** Settled orders per second inside a stretch of time. */
export function settledPerSecond(orders: Iterable<Times>, from: number, to: number): number {
  let settled = 0;
  for (const { settledAt } of orders) if (settledAt !== undefined && settledAt >= from && settledAt < to) settled++;
  return settled / ((to - from) / 1000);
}

/** Milliseconds from the making of an order to its settlement, ascending, for the settled orders made inside a stretch of time. */
export function settlementTimes(orders: Iterable<Times>, from: number, to: number): Float64Array {
  const times: number[] = [];
  for (const { createdAt, settledAt } of orders) {
    if (settledAt !== undefined && createdAt >= from && createdAt < to) times.push(settledAt - createdAt);
  }
  return Float64Array.from(times).sort();
}
