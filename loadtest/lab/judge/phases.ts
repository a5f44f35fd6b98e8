import type { LabLine } from '../load/log.ts';

export const PHASES = ['before', 'during', 'after'] as const;
export type PhaseName = (typeof PHASES)[number];

/** Times of the fault in a run, Unix time in milliseconds. A control has them too, without a fault. */
export interface FaultTimes {
  readonly beganAt: number;
  readonly effectiveAt: number;
  readonly endBeganAt: number;
  readonly endedAt: number;
}

/** The phase in which an order was sent. The fault counts until its end begins: what the return takes belongs to `after`. */
export function phaseOf(at: number, { beganAt, endBeganAt }: FaultTimes): PhaseName {
  if (at < beganAt) return 'before';
  return at < endBeganAt ? 'during' : 'after';
}

/** The two questions about each order. */
export const QUESTIONS = ['answered', 'decided'] as const;
export type Question = (typeof QUESTIONS)[number];

/** Whether the answer to a question is yes. A response that contradicts the expected decision is a no to both. */
export function isYes(line: LabLine, question: Question): boolean {
  if (line.wrong !== undefined) return false;
  return (question === 'answered' ? line.answeredMs : line.decidedMs) !== undefined;
}

/** Thrown when the load generator could not send what the run is about: such a run has no result. */
export class LoadNotOfferedError extends Error {
  override readonly name = 'LoadNotOfferedError';
}

/** The share of its schedule that a load generator may miss; unsent orders count as not answered. */
const MAX_DROPPED_SHARE = 0.01;

/** The number of scheduled orders that were never sent. */
export function droppedOf(scheduled: number, sent: number): number {
  const dropped = Math.max(0, scheduled - sent);
  if (dropped > MAX_DROPPED_SHARE * scheduled)
    throw new LoadNotOfferedError(`${sent} of ${scheduled} orders were sent: the load generator could not keep up`);
  return dropped;
}

/** The phase to which unsent orders belong: the one that lacks the most orders of its schedule. */
export function phaseWithDeficit(
  sent: Readonly<Record<PhaseName, number>>,
  expected: Readonly<Record<PhaseName, number>>,
): PhaseName {
  return PHASES.toSorted((a, b) => expected[b] - sent[b] - (expected[a] - sent[a]))[0] as PhaseName;
}
