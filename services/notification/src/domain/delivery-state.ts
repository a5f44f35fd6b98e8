import { nextAttempt } from './retry-schedule.ts';

/** An event that is not finished. Times are Unix time in milliseconds. */
export interface Open {
  /** Its place in the hook's log. */
  readonly position: number;
  readonly eventId: string;
  /** Attempts that failed. */
  readonly attempts: number;
  /** Not before. */
  readonly dueAt: number;
  /** When it was asked for by hand, if it was: what came of attempts before that does not count. */
  readonly asked?: number;
  /** The first attempt. */
  readonly since?: number;
  /** The last attempt, and what came of it. */
  readonly at?: number;
  readonly answered?: number;
  readonly error?: string;
}

/**
 * How far a hook's log has been delivered: the document `cursor:{hook}`. Each event up to `taken` is finished or open, so
 * one that fails holds up nobody behind it while there is room.
 */
export interface Cursor {
  readonly v: number;
  readonly taken: number;
  readonly open: readonly Open[];
  /** The first failure since something was last delivered, or nothing was open. */
  readonly failingSince?: number;
  /** Failures since something was last delivered. */
  readonly failures: number;
  /** Pages of both logs before these are dropped, but for those that are kept for an open event. */
  readonly dropped: { readonly events: number; readonly kept: readonly number[]; readonly history: number };
}

/** What came of sending an event once. */
export interface Attempt {
  readonly position: number;
  /** Which attempt it was, from 1: counted once, however often it is applied. */
  readonly number: number;
  /** As the event said when the attempt began. */
  readonly asked?: number;
  readonly at: number;
  readonly ok: boolean;
  readonly answered?: number;
  readonly error?: string;
  readonly retryAfterMs?: number;
  /** For the jitter, so that applying it again gives the same. */
  readonly random: number;
}

/** An event that is done with, for the delivery log. */
export interface Finished {
  readonly position: number;
  readonly eventId: string;
  readonly status: 'delivered' | 'failed';
  readonly attempts: number;
  readonly at: number;
  readonly answered?: number;
  readonly error?: string;
}

export type Step =
  | { readonly kind: 'taken'; readonly events: readonly Pick<Open, 'position' | 'eventId'>[]; readonly at: number }
  | { readonly kind: 'attempted'; readonly attempt: Attempt }
  | { readonly kind: 'again'; readonly events: readonly Pick<Open, 'position' | 'eventId'>[]; readonly at: number }
  | { readonly kind: 'enabled'; readonly at: number }
  | { readonly kind: 'dropped'; readonly dropped: Cursor['dropped'] };

/** Most events that are open before no new one is taken. */
export const WINDOW = 256;
/** Most that are open together with those that were asked for by hand. */
export const MOST_OPEN = 2 * WINDOW;

/** After so many failures in a row the receiver was down, and what waits need not wait until its time. */
const OUTAGE = 10;
/** Between two of those. */
const SPREAD_MS = 20;
/** While so many wait in vain, one of them is tried as often as this, to find the end of the outage. */
const PROBE_MS = 5 * 60_000;

const VERSION = 1;

export const newCursor: Cursor = {
  v: VERSION,
  taken: 0,
  open: [],
  failures: 0,
  dropped: { events: 0, kept: [], history: 0 },
};

/** @throws when the version is not one that this code understands */
export function parseCursor(value: unknown): Cursor {
  const version = (value as { v?: unknown } | null)?.v;
  if (version !== VERSION) throw new Error(`a cursor of version ${String(version)}; this code reads ${VERSION}`);
  return value as Cursor;
}

/** What a step makes of a cursor, and the event that it finishes, if it does. Pure; the same step again changes nothing. */
export function apply(cursor: Cursor, step: Step): { readonly cursor: Cursor; readonly finished?: Finished } {
  switch (step.kind) {
    case 'taken': {
      const fresh = step.events.filter(({ position }) => position > cursor.taken);
      return {
        cursor: {
          ...cursor,
          taken: Math.max(cursor.taken, ...fresh.map(({ position }) => position)),
          open: [...cursor.open, ...fresh.map((event) => ({ ...event, attempts: 0, dueAt: step.at }))],
        },
      };
    }
    case 'attempted':
      return attempted(cursor, step.attempt);
    case 'again': {
      const again = new Set(step.events.map(({ position }) => position));
      const others = cursor.open.filter(({ position }) => !again.has(position));
      return {
        cursor: {
          ...cursor,
          open: [...others, ...step.events.map((event) => ({ ...event, attempts: 0, dueAt: step.at, asked: step.at }))],
        },
      };
    }
    case 'enabled': {
      const { failingSince: _, ...rest } = cursor;
      return { cursor: { ...rest, failures: 0, open: soon(cursor.open, step.at) } };
    }
    case 'dropped':
      return { cursor: { ...cursor, dropped: step.dropped } };
  }
}

function attempted(cursor: Cursor, attempt: Attempt): { readonly cursor: Cursor; readonly finished?: Finished } {
  const entry = cursor.open.find(({ position }) => position === attempt.position);
  if (entry?.attempts !== attempt.number - 1 || entry.asked !== attempt.asked) return { cursor };
  const others = cursor.open.filter((other) => other !== entry);
  const { failingSince = attempt.at, ...rest } = cursor;
  const { position, eventId, asked } = entry;
  const came = {
    at: attempt.at,
    ...(attempt.answered !== undefined && { answered: attempt.answered }),
    ...(attempt.error !== undefined && { error: attempt.error }),
  };
  const finished = { position, eventId, attempts: attempt.number, ...came };
  if (attempt.ok) {
    const open = cursor.failures >= OUTAGE ? soon(others, attempt.at) : others;
    return { cursor: { ...rest, open, failures: 0 }, finished: { ...finished, status: 'delivered' } };
  }
  const since = entry.since ?? attempt.at;
  const failing = { ...rest, failingSince, failures: cursor.failures + 1 };
  const next = nextAttempt({ ...attempt, attempts: attempt.number, since, now: attempt.at });
  const dueAt = next && Math.min(next, probeAt(others, failing.failures, attempt));
  if (dueAt === undefined) {
    // With nothing left that fails, the time until the next event is none in which it failed.
    const { failingSince: _, ...silent } = failing;
    const left = others.length > 0 ? failing : silent;
    return { cursor: { ...left, open: others }, finished: { ...finished, status: 'failed' } };
  }
  const again = { position, eventId, attempts: attempt.number, dueAt, since, ...came };
  return {
    cursor: { ...failing, open: [...others, asked === undefined ? again : { ...again, asked }] },
  };
}

/** When an event is tried again although it could wait: when so many wait that it must be an outage, and nobody else comes before. */
function probeAt(others: readonly Open[], failures: number, { at, retryAfterMs = 0 }: Attempt): number {
  const outage = failures >= OUTAGE && others.length >= OUTAGE;
  const probe = at + Math.max(PROBE_MS, retryAfterMs);
  return outage && others.every(({ dueAt }) => dueAt > probe) ? probe : Number.POSITIVE_INFINITY;
}

function soon(open: readonly Open[], from: number): readonly Open[] {
  return open
    .toSorted((a, b) => a.dueAt - b.dueAt)
    .map((entry, index) => ({ ...entry, dueAt: Math.min(entry.dueAt, from + index * SPREAD_MS) }));
}

/** Open events whose time has come, those that have waited longest first. */
export const dueOf = ({ open }: Cursor, now: number): readonly Open[] =>
  open.filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt || a.position - b.position);

/** How many new events may be taken. */
export const roomOf = ({ open }: Cursor): number => Math.max(0, WINDOW - open.length);
