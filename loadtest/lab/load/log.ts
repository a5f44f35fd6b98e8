import type { OrderLine } from '../../scenarios/lib/log.ts';
import type { Style } from './answers.ts';

/** The line of an order in the log of a lab run. `phase` is the style, and `ms` the time until the first question was answered. */
export interface LabLine extends OrderLine {
  readonly phase: Style;
  /** Requests until the useful answer, or until the client gave up: a client repeats at another replica. */
  readonly attempts: number;
  /** Milliseconds until an acknowledgement or the decision; absent without one in time. */
  readonly answeredMs?: number;
  /** Milliseconds until the decision is known; absent without one in time. */
  readonly decidedMs?: number;
  /** A response that contradicts the expected decision. */
  readonly wrong?: string;
}

/** A client waits this long for a useful answer, and for the decision. */
export const ANSWER_WITHIN_MS = 1_000;
export const DECIDED_WITHIN_MS = 5_000;

/** One order in this many must be rejected: its restaurant is closed. */
export const REJECTED_EVERY = 10;
