/** What a request came to: taken; refused or never arrived, so that nothing may be stored; or nobody can tell. */
export type OrderOutcome = 'ok' | 'fail' | 'unknown';

/** First line of the log of a run. Times are Unix time in milliseconds. */
export interface RunLine {
  readonly type: 'run';
  readonly scenario: string;
  /** Also the id of the consumer and the restaurant that the run made for itself. */
  readonly run: string;
  readonly at: number;
}

/** One line per request. */
export interface OrderLine {
  readonly type: 'order';
  readonly run: string;
  readonly phase: string;
  readonly mark: number;
  readonly key: string;
  /** When it was sent, and how long it took, in milliseconds. */
  readonly at: number;
  readonly ms: number;
  readonly outcome: OrderOutcome;
  /** HTTP status; 0: no answer. */
  readonly status: number;
  /** The order's id, if it was taken. */
  readonly id?: string;
  /** Why not, in k6's or the service's words. */
  readonly error?: string;
}

export type LogLine = RunLine | OrderLine;
