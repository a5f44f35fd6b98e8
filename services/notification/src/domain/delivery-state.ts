import { nextAttemptAt } from './retry-schedule.ts';

/** An event whose delivery is not finished. Times are Unix time in milliseconds. */
export interface OpenDelivery {
  /** Position in the endpoint's event log. */
  readonly position: number;
  readonly eventId: string;
  /** Failed attempts. */
  readonly attempts: number;
  /** Earliest time of the next attempt. */
  readonly dueAt: number;
  /** Time of a manual redelivery request. Results of attempts that began before it are ignored. */
  readonly asked?: number;
  /** Time of the first attempt. */
  readonly since?: number;
  /** Time and result of the last attempt. */
  readonly at?: number;
  readonly answered?: number;
  readonly error?: string;
}

/**
 * The delivery state of one endpoint: a cursor on its event log, stored as `cursor:{endpoint}`. Each event up to `taken` is either
 * finished or in `open`. So a failing event does not block later events while `open` has room.
 */
export interface DeliveryState {
  readonly v: number;
  readonly taken: number;
  readonly open: readonly OpenDelivery[];
  /** The first failure since the last success, or since `open` was last empty. */
  readonly failingSince?: number;
  /** Failures since the last success. */
  readonly failures: number;
  /** Deleted pages of both logs: all before `events` and `history`, except those in `kept`, which have an open event. */
  readonly dropped: { readonly events: number; readonly kept: readonly number[]; readonly history: number };
}

/** Result of one HTTP request to an endpoint. */
export interface AttemptResult {
  readonly ok: boolean;
  /** HTTP status of the response. */
  readonly answered?: number;
  /** Why the attempt failed. */
  readonly error?: string;
  readonly retryAfterMs?: number;
}

/** A finished attempt to deliver one event. */
export interface DeliveryAttempt extends AttemptResult {
  readonly position: number;
  /** Number of the attempt, from 1. It makes the transition idempotent. */
  readonly number: number;
  /** The delivery's `asked` when the attempt began. */
  readonly asked?: number;
  readonly at: number;
  /** Drawn once for the jitter, so that applying the transition again gives the same state. */
  readonly random: number;
}

/** A delivery that ended, for the delivery history. */
export interface FinishedDelivery {
  readonly position: number;
  readonly eventId: string;
  readonly status: 'delivered' | 'failed';
  readonly attempts: number;
  readonly at: number;
  readonly answered?: number;
  readonly error?: string;
}

export type EventRef = Pick<OpenDelivery, 'position' | 'eventId'>;

/** A change of the delivery state. Transitions are kept in memory until they are saved; they are never stored. */
export type Transition =
  | { readonly kind: 'eventsRead'; readonly events: readonly EventRef[]; readonly at: number }
  | { readonly kind: 'attempted'; readonly attempt: DeliveryAttempt }
  | { readonly kind: 'redeliveryRequested'; readonly events: readonly EventRef[]; readonly at: number }
  | { readonly kind: 'endpointEnabled'; readonly at: number }
  | { readonly kind: 'pagesDeleted'; readonly dropped: DeliveryState['dropped'] };

export interface Applied {
  readonly state: DeliveryState;
  /** The deliveries that ended. */
  readonly finished: readonly FinishedDelivery[];
}

/** No new events are read while this many are open. */
export const MAX_OPEN = 256;
/** Maximum number of open events, manual redeliveries included. */
export const MAX_OPEN_WITH_REDELIVERIES = 2 * MAX_OPEN;

/** So many failures in a row are an outage of the receiver: the next success makes all open events due. */
const OUTAGE_FAILURES = 10;
/** Interval between the due times of those events. */
const RECOVERY_SPREAD_MS = 20;
/** During an outage one event is retried at this interval, to detect the receiver's recovery. */
const PROBE_INTERVAL_MS = 5 * 60_000;

const VERSION = 1;

export const INITIAL_STATE: DeliveryState = {
  v: VERSION,
  taken: 0,
  open: [],
  failures: 0,
  dropped: { events: 0, kept: [], history: 0 },
};

/** @throws when this code does not support the version */
export function parseDeliveryState(value: unknown): DeliveryState {
  const version = (value as { v?: unknown } | null)?.v;
  if (version !== VERSION) {
    throw new Error(`unsupported version ${String(version)} of a delivery state; this code supports ${VERSION}`);
  }
  return value as DeliveryState;
}

/** Applies transitions in order. Pure and idempotent: applying the same transitions again changes nothing. */
export function applyTransitions(start: DeliveryState, transitions: readonly Transition[]): Applied {
  let state = start;
  const finished: FinishedDelivery[] = [];
  for (const transition of transitions) {
    const applied = applyTransition(state, transition);
    state = applied.state;
    finished.push(...applied.finished);
  }
  return { state, finished };
}

/** Applies one transition. Pure and idempotent. */
export function applyTransition(state: DeliveryState, transition: Transition): Applied {
  switch (transition.kind) {
    case 'eventsRead':
      return unfinished(addEvents(state, transition.events, transition.at));
    case 'attempted':
      return applyAttempt(state, transition.attempt);
    case 'redeliveryRequested': {
      const requested = new Set(transition.events.map(({ position }) => position));
      const others = state.open.filter(({ position }) => !requested.has(position));
      const { at } = transition;
      const open = [...others, ...transition.events.map((event) => ({ ...event, attempts: 0, dueAt: at, asked: at }))];
      return unfinished({ ...state, open });
    }
    case 'endpointEnabled': {
      const { failingSince: _, ...rest } = state;
      return unfinished({ ...rest, failures: 0, open: makeDue(state.open, transition.at) });
    }
    case 'pagesDeleted':
      return unfinished({ ...state, dropped: transition.dropped });
  }
}

const unfinished = (state: DeliveryState): Applied => ({ state, finished: [] });

function addEvents(state: DeliveryState, events: readonly EventRef[], at: number): DeliveryState {
  const added = events.filter(({ position }) => position > state.taken);
  return {
    ...state,
    taken: Math.max(state.taken, ...added.map(({ position }) => position)),
    open: [...state.open, ...added.map((event) => ({ ...event, attempts: 0, dueAt: at }))],
  };
}

function applyAttempt(state: DeliveryState, attempt: DeliveryAttempt): Applied {
  const delivery = state.open.find(({ position }) => position === attempt.position);
  if (delivery?.attempts !== attempt.number - 1 || delivery.asked !== attempt.asked) return unfinished(state);
  const others = state.open.filter((other) => other !== delivery);
  const { failingSince = attempt.at, ...rest } = state;
  const { position, eventId, asked } = delivery;
  const result = {
    at: attempt.at,
    ...(attempt.answered !== undefined && { answered: attempt.answered }),
    ...(attempt.error !== undefined && { error: attempt.error }),
  };
  const finished = { position, eventId, attempts: attempt.number, ...result };
  if (attempt.ok) {
    const open = state.failures >= OUTAGE_FAILURES ? makeDue(others, attempt.at) : others;
    return { state: { ...rest, open, failures: 0 }, finished: [{ ...finished, status: 'delivered' }] };
  }
  const since = delivery.since ?? attempt.at;
  const failing = { ...rest, failingSince, failures: state.failures + 1 };
  const next = nextAttemptAt({ ...attempt, attempts: attempt.number, since, now: attempt.at });
  const dueAt = next && Math.min(next, probeAt(others, failing.failures, attempt));
  if (dueAt === undefined) {
    // With no open event left, the time until the next event does not count as failing.
    const { failingSince: _, ...idle } = failing;
    const left = others.length > 0 ? failing : idle;
    return { state: { ...left, open: others }, finished: [{ ...finished, status: 'failed' }] };
  }
  const retry = { position, eventId, attempts: attempt.number, dueAt, since, ...result };
  return unfinished({ ...failing, open: [...others, asked === undefined ? retry : { ...retry, asked }] });
}

/** Time of an outage probe; infinity outside an outage, or when another open event is due before it. */
function probeAt(others: readonly OpenDelivery[], failures: number, { at, retryAfterMs = 0 }: DeliveryAttempt): number {
  const isOutage = failures >= OUTAGE_FAILURES && others.length >= OUTAGE_FAILURES;
  const probe = at + Math.max(PROBE_INTERVAL_MS, retryAfterMs);
  return isOutage && others.every(({ dueAt }) => dueAt > probe) ? probe : Number.POSITIVE_INFINITY;
}

function makeDue(open: readonly OpenDelivery[], from: number): readonly OpenDelivery[] {
  return open
    .toSorted((a, b) => a.dueAt - b.dueAt)
    .map((delivery, index) => ({ ...delivery, dueAt: Math.min(delivery.dueAt, from + index * RECOVERY_SPREAD_MS) }));
}

/** Open events that are due, in order of their due time. */
export const dueDeliveries = ({ open }: DeliveryState, now: number): readonly OpenDelivery[] =>
  open.filter(({ dueAt }) => dueAt <= now).toSorted((a, b) => a.dueAt - b.dueAt || a.position - b.position);

/** Number of new events that may be read from the event log. */
export const freeCapacity = ({ open }: DeliveryState): number => Math.max(0, MAX_OPEN - open.length);
