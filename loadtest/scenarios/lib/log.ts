/** ok: acknowledged. fail: refused or never sent, so that no order may be stored. unknown: an order may be stored or not. */
export type OrderOutcome = 'ok' | 'fail' | 'unknown';

/** First line of the log of a run. Times are Unix time in milliseconds. */
export interface RunLine {
  readonly type: 'run';
  readonly scenario: string;
  /** Also the id of the consumer and of the restaurant that the run created. */
  readonly run: string;
  readonly at: number;
}

/** Written before a request is sent. */
export interface SentLine {
  readonly type: 'sent';
  readonly run: string;
  readonly phase: string;
  /** Unique in the run. */
  readonly requestNumber: number;
  readonly key: string;
  readonly at: number;
}

/** The outcome of a request. A sent request without this line was cut off: its outcome is unknown. */
export interface OrderLine extends Omit<SentLine, 'type'> {
  readonly type: 'order';
  /** Duration in milliseconds. */
  readonly ms: number;
  readonly outcome: OrderOutcome;
  /** HTTP status; 0: no response. */
  readonly status: number;
  /** The order's id, if it was acknowledged. */
  readonly id?: string;
  /** The status that the order must get; default VALIDATED. */
  readonly expected?: 'VALIDATED' | 'REJECTED';
  /** Otherwise the reason, from k6 or from the service. */
  readonly error?: string;
}

export type LogLine = RunLine | SentLine | OrderLine;
