import type { Clock, Random } from '@standing-order/service-kit/runtime';
import { warnRateLimited } from '@standing-order/service-kit/telemetry';
import { type Attempt, dueOf, type Open } from '../domain/delivery-state.ts';
import type { Hook } from '../domain/endpoint.ts';
import type { Event } from '../domain/event.ts';
import type { Sender, Sent } from './attempt/sender.ts';
import type { Progress } from './delivery-progress.ts';
import type { Slots } from './semaphore.ts';
import { eventsOf, type Logs } from './storage/logs.ts';

export interface AttemptsParts {
  readonly clock: Pick<Clock, 'wall'>;
  readonly random: Random;
  readonly logs: Pick<Logs, 'events'>;
  readonly sender: Pick<Sender, 'send'>;
  /** Deliveries of all webhooks together. */
  readonly slots: Slots;
  readonly progress: Pick<Progress, 'cursor' | 'happened'>;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** The webhook as it is now. */
  hook(): Hook;
  /** Something was sent, and this came of it. */
  sent(sent: Sent): Promise<void>;
  /** There is something to be written down. */
  done(): void;
}

/** The deliveries of one webhook that are under way. */
export interface Attempts {
  /** Starts what is due, as far as there is room. */
  start(): void;
  isUnderWay(position: number): boolean;
  /** How many events may still be read ahead. */
  readonly room: number;
  /** Keeps an event for its attempt. */
  readAhead(position: number, event: Event): void;
  /** Keeps no event that is not open any more: another replica has finished it. */
  dropFinished(): void;
  /** Resolves when nothing is under way. */
  ended(): Promise<unknown>;
}

/** Deliveries of one webhook at a time. */
const AT_ONCE = 8;
/** Events that are read ahead. */
const AHEAD = 64;

export function createAttempts(parts: AttemptsParts): Attempts {
  const { clock, logs, sender, slots, progress, signal, hook } = parts;
  const inFlight = new Map<number, Promise<void>>();
  const ahead = new Map<number, Event>();

  async function eventAt(position: number): Promise<Event> {
    const known = ahead.get(position);
    if (known) return known;
    const { id } = hook();
    const { entries } = await logs.events.read(eventsOf(id), { after: position - 1, limit: 1 });
    const [placed] = entries;
    if (!placed) throw new Error(`event ${position} of webhook ${id} is not there`);
    return placed.entry;
  }

  async function attempt(open: Open): Promise<void> {
    let unread = false;
    try {
      const sent = await sender.send(hook(), await eventAt(open.position), signal);
      if (!sent) return;
      progress.happened({ kind: 'attempted', attempt: attemptOf(open, sent, clock.wall(), parts.random()) });
      await parts.sent(sent);
    } catch (error) {
      unread = true;
      warnRateLimited('webhook event', { err: error, webhook: hook().id }, 'an event cannot be read now');
    } finally {
      ahead.delete(open.position);
      inFlight.delete(open.position);
      slots.give();
    }
    // One that cannot be read stays open; a later turn tries it again.
    if (unread) return;
    start();
    parts.done();
  }

  function start(): void {
    for (const open of dueOf(progress.cursor, clock.wall())) {
      if (hook().disabled || inFlight.size >= AT_ONCE || signal.aborted) return;
      if (inFlight.has(open.position)) continue;
      if (!slots.take(start)) return;
      inFlight.set(open.position, attempt(open));
    }
  }

  return {
    start,
    isUnderWay: (position) => inFlight.has(position),
    get room() {
      return AHEAD - ahead.size;
    },
    readAhead: (position, event) => void ahead.set(position, event),
    dropFinished() {
      const open = new Set(progress.cursor.open.map(({ position }) => position));
      for (const position of ahead.keys()) if (!open.has(position)) ahead.delete(position);
    },
    ended: () => Promise.all(inFlight.values()),
  };
}

function attemptOf({ position, attempts, asked }: Open, sent: Sent, at: number, random: number): Attempt {
  return { ...sent, position, number: attempts + 1, at, random, ...(asked !== undefined && { asked }) };
}
