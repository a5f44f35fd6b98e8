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

/** A request as it is sent. */
export interface SentLine {
  readonly type: 'sent';
  readonly run: string;
  readonly phase: string;
  /** Its number in the run. */
  readonly mark: number;
  readonly key: string;
  readonly at: number;
}

/** What came of a request. One that is sent and has no such line was cut off: its outcome is unknown. */
export interface OrderLine extends Omit<SentLine, 'type'> {
  readonly type: 'order';
  /** How long it took, in milliseconds. */
  readonly ms: number;
  readonly outcome: OrderOutcome;
  /** HTTP status; 0: no answer. */
  readonly status: number;
  /** The order's id, if it was taken. */
  readonly id?: string;
  /** Why not, in k6's or the service's words. */
  readonly error?: string;
}

export type LogLine = RunLine | SentLine | OrderLine;
