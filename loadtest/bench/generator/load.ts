/** closed: so many requests under way at any time. open: so many arrivals per second, whatever becomes of them. */
export type Loop =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly rate: number };

/** How orders are asked for: at the base URL of the order service, or by messages on the Redis that is the broker. */
export type Way = { readonly by: 'http'; readonly url: string } | { readonly by: 'message'; readonly redisUrl: string };

/** What to offer, to whom, and its bounds. */
export interface Load {
  readonly way: Way;
  readonly loop: Loop;
  /** Time that does not count, before the time that does. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** No more than this many requests are sent, warm-up included. */
  readonly maxRequests: number;
  /** Open loop only: an arrival that finds this many under way is dropped, and counted. */
  readonly maxUnderWay: number;
  readonly timeoutMs: number;
  /** How many consumers and restaurants the orders are spread over (see `orders.ts`). */
  readonly consumers: number;
  readonly restaurants: number;
  /** Where the ids of the acknowledged orders go, one to a line, warm-up included. */
  readonly idsFile: string;
}

/** What came of it. Everything but `ids` counts only arrivals after the warm-up. */
export interface LoadResult {
  /** Unix time in milliseconds: the counted stretch of time. */
  readonly from: number;
  readonly to: number;
  /** Arrivals, dropped ones included. */
  readonly offered: number;
  readonly dropped: number;
  /** Taken (202), or taken with its verdict (201, or an outcome by message) within the timeout, whenever the answer came. */
  readonly acknowledged: number;
  /** Those answered inside the counted time, per second of it. */
  readonly acknowledgedPerSecond: number;
  /** Other answers, by status, and requests without an answer, by reason. */
  readonly others: Readonly<Record<string, number>>;
  /** Milliseconds from the arrival (open: when it was due) to the acknowledgement. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Number of ids written. */
  readonly ids: number;
  /** The first body of another answer. */
  readonly firstOther: string | undefined;
}

/** The beginning and the end of the counted time. */
export type Edge = 'from' | 'to';

/** What the worker says to its parent: both edges, then the result. */
export type Said = { readonly edge: Edge } | { readonly result: LoadResult };
