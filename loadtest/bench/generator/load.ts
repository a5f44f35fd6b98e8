/** closed: a constant number of requests in flight. open: a constant arrival rate, independent of the responses. */
export type Loop =
  | { readonly kind: 'closed'; readonly concurrency: number }
  | { readonly kind: 'open'; readonly rate: number };

/** The receiver of orders: the base URLs of the order service's replicas, in turns, or the Redis of the message broker. */
export type Target =
  | { readonly by: 'http'; readonly urls: readonly string[]; readonly headers?: Readonly<Record<string, string>> }
  | { readonly by: 'message'; readonly redisUrl: string };

/** One load: its target, its rate, and its limits. */
export interface Load {
  readonly target: Target;
  readonly loop: Loop;
  /** Time before the measured time. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Upper bound on the requests sent, warm-up included. */
  readonly maxRequests: number;
  /** Open loop only: an arrival that finds this many requests in flight is dropped and counted. */
  readonly maxInFlight: number;
  readonly timeoutMs: number;
}

/** The result of a load. Only arrivals after the warm-up count. */
export interface LoadResult {
  /** Start and end of the measured time; Unix time in milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Arrivals, dropped ones included. */
  readonly offered: number;
  readonly dropped: number;
  /** Requests with 202, with 201 (a decided order), or with an outcome message, within the timeout; also after the measured time. */
  readonly acknowledged: number;
  /** Acknowledgements inside the measured time, per second. */
  readonly acknowledgedPerSecond: number;
  /** Other responses by status, and requests without a response by reason. */
  readonly others: Readonly<Record<string, number>>;
  /** Milliseconds from the arrival to the acknowledgement. In an open loop a request arrives when it is due. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The first of the other responses, warm-up included. */
  readonly firstOther: string | undefined;
}

/** The start or the end of the measured time. */
export type PhaseMarker = 'from' | 'to';

/** A message from the worker to its parent: two markers, then the result with all acknowledged ids, warm-up included. */
export type WorkerMessage =
  | { readonly marker: PhaseMarker }
  | { readonly result: LoadResult; readonly ids: readonly string[] };

/** The result of one request: the id of the acknowledged order, or a short reason and the text of the response. */
export type SendResult = { readonly id: string } | { readonly other: string; readonly text?: string };

/** Sends one order. Resolves within the timeout and never rejects. */
export type Send = (requestNumber: number) => Promise<SendResult>;
