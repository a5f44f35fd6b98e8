import type { Clock, Random } from '@standing-order/platform/runtime';
import { detached, logger, meter, warnSometimes } from '@standing-order/platform/telemetry';
import type { Event } from '../events/event.ts';
import type { DisabledReason, Hook } from '../hooks/hook.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { eventsOf, historyOf, type Logs } from '../logs.ts';
import { type Attempt, type Cursor, dueOf, newCursor, type Open, roomOf, type Step } from './cursor.ts';
import { type Cursors, fold } from './cursors.ts';
import { dropping } from './drop.ts';
import { isGone, type Sender, type Sent } from './sender.ts';
import type { Slots } from './slots.ts';

export interface CourierParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly cursors: Pick<Cursors, 'read' | 'write'>;
  readonly logs: Logs;
  readonly hooks: Pick<Hooks, 'change'>;
  readonly sender: Pick<Sender, 'send'>;
  /** Deliveries of all webhooks together. */
  readonly slots: Slots;
  /** Removes full pages of a log. Never rejects. */
  drop(log: string, pages: readonly number[]): Promise<unknown>;
  /** Failing for so long disables, in milliseconds. */
  readonly disableAfterMs: number;
}

/** Delivers the events of one webhook. */
export interface Courier {
  /** The webhook has changed. */
  update(hook: Hook): void;
  /** There is something new. */
  wake(): void;
  /** Ends what is under way, and writes down what has become of it. Never rejects. */
  stop(): Promise<void>;
}

/** Deliveries of one webhook at a time. */
const AT_ONCE = 8;
/** Events that are read ahead. */
const AHEAD = 64;
/** Between the beginnings of two turns: each costs several calls of the store, so results gather. */
const TURN_MS = 200;
const IDLE_MS = 250;
const IDLE_MAX_MS = 4_000;
const FAILED_PAUSE_MS = 1_000;

const deliveries = meter.createCounter('webhooks.deliveries', { description: 'Events that are done with, by how' });
const disabled = meter.createCounter('webhooks.disabled', { description: 'Webhooks that were disabled, by reason' });

export function startCourier(first: Hook, parts: CourierParts): Courier {
  const { clock, cursors, logs, sender, slots } = parts;
  const { id } = first;
  const stopping = new AbortController();
  const inFlight = new Map<number, Promise<void>>();
  const ahead = new Map<number, Event>();
  /** What has happened since the cursor was written, and what it has made of it. */
  let steps: Step[] = [];
  let cursor: Cursor = newCursor;
  let hook = first;
  let woken = true;
  let wakeUp = () => {};
  let idleMs = IDLE_MS;

  function wake(): void {
    woken = true;
    wakeUp();
  }

  function happened(step: Step): void {
    steps.push(step);
    cursor = fold(cursor, [step]).cursor;
  }

  /** Until it is time, it is stopped or, if it may be, woken. */
  async function pause(ms: number, wakable: boolean): Promise<void> {
    if (stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        stopping.signal.removeEventListener('abort', end);
        wakeUp = () => {};
        resolve();
      };
      const cancel = clock.setTimer(ms, end);
      stopping.signal.addEventListener('abort', end);
      if (wakable) wakeUp = end;
    });
  }

  async function eventAt(position: number): Promise<Event> {
    const known = ahead.get(position);
    if (known) return known;
    const { entries } = await logs.events.read(eventsOf(id), { after: position - 1, limit: 1 });
    const [placed] = entries;
    if (!placed) throw new Error(`event ${position} of webhook ${id} is not there`);
    return placed.entry;
  }

  async function attempt(open: Open): Promise<void> {
    let unread = false;
    try {
      const sent = await sender.send(hook, await eventAt(open.position), stopping.signal);
      if (!sent) return;
      const at = clock.wall();
      happened({ kind: 'attempted', attempt: attemptOf(open, sent, at, parts.random()) });
      if (isGone(sent)) await disable('gone');
    } catch (error) {
      unread = true;
      warnSometimes('webhook event', { err: error, webhook: id }, 'an event cannot be read now');
    } finally {
      ahead.delete(open.position);
      inFlight.delete(open.position);
      slots.give();
    }
    // One that cannot be read stays open; a later turn tries it again.
    if (unread) return;
    start();
    wake();
  }

  /** Starts what is due, as far as there is room. */
  function start(): void {
    for (const open of dueOf(cursor, clock.wall())) {
      if (hook.disabled || inFlight.size >= AT_ONCE || stopping.signal.aborted) return;
      if (inFlight.has(open.position)) continue;
      if (!slots.take(start)) return;
      inFlight.set(open.position, attempt(open));
    }
  }

  /** Takes new events, as far as there is room. */
  async function take(): Promise<void> {
    const limit = Math.min(roomOf(cursor), AHEAD - ahead.size);
    if (limit <= 0) return;
    const { entries, more } = await logs.events.read(eventsOf(id), { after: cursor.taken, limit });
    if (entries.length === 0) return;
    for (const { position, entry } of entries) ahead.set(position, entry);
    const events = entries.map(({ position, entry }) => ({ position, eventId: entry.id }));
    happened({ kind: 'taken', events, at: clock.wall() });
    woken ||= more;
    idleMs = IDLE_MS;
  }

  /** Writes down what has happened; what is not known to be written stays to be written. */
  async function save(from: Cursor, etag: string | undefined): Promise<void> {
    if (steps.length === 0) return;
    const count = steps.length;
    const { cursor: next, finished } = fold(from, steps);
    if (finished.length > 0) {
      const entries = finished.map((past) => ({ id: `${past.position}-${past.at}`, ...past }));
      // In the delivery log first: what is not open and not there would be forgotten.
      const [logged] = await logs.history.append([{ name: historyOf(id), entries }]);
      if (!logged) throw new Error('the delivery log cannot be written');
    }
    const outcome = await cursors.write(id, next, etag);
    if (outcome === 'unknown') throw new Error('the cursor cannot be written');
    if (outcome === 'conflict') {
      woken = true;
      return;
    }
    steps = steps.slice(count);
    for (const { status } of finished) deliveries.add(1, { status });
  }

  async function dropOld(): Promise<void> {
    if (!dropping(cursor, 0)) return;
    const { newest } = await logs.history.read(historyOf(id), { limit: 1 });
    // As it is now: somebody may have asked for an old event by hand.
    const stored = await cursors.read(id);
    const old = dropping(stored.cursor, newest);
    if (!old) return;
    const written = fold(stored.cursor, [{ kind: 'dropped', dropped: old.dropped }]).cursor;
    if ((await cursors.write(id, written, stored.etag)) !== 'written') return;
    // Not before it is written down: what can be asked for must be there.
    await parts.drop(eventsOf(id), old.events);
    await parts.drop(historyOf(id), old.history);
  }

  async function disable(reason: DisabledReason): Promise<void> {
    const now = clock.wall();
    const changed = await parts.hooks.change<never>(id, (current) => ({
      ...current,
      disabled: current.disabled ?? { at: now, reason },
    }));
    if (changed.outcome !== 'changed') return;
    hook = changed.hook;
    disabled.add(1, { reason });
    logger.warn({ webhook: id, reason }, 'a webhook is disabled');
  }

  /** Everything that can be done now; how long it may take until there is more. */
  async function turn(): Promise<number> {
    woken = false;
    const stored = await cursors.read(id);
    cursor = fold(stored.cursor, steps).cursor;
    await take();
    start();
    const failed = steps.some((step) => step.kind === 'attempted' && !step.attempt.ok);
    await save(stored.cursor, stored.etag);
    await dropOld();
    const now = clock.wall();
    // Time alone disables nothing: a webhook for which nothing happens does not fail.
    if (failed && now - (cursor.failingSince ?? now) >= parts.disableAfterMs) await disable('failing');
    idleMs = Math.min(2 * idleMs, IDLE_MAX_MS);
    const next = Math.min(...cursor.open.filter(({ position }) => !inFlight.has(position)).map(({ dueAt }) => dueAt));
    return next > now ? Math.min(next - now, idleMs) : idleMs;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const began = clock.monotonic();
      try {
        const ms = await turn();
        await pause(began + TURN_MS - clock.monotonic(), false);
        if (!woken) await pause(ms, true);
      } catch (error) {
        warnSometimes('webhook turn', { err: error, webhook: id }, 'deliveries of a webhook cannot go on now');
        await pause(FAILED_PAUSE_MS, false);
      }
    }
    await Promise.all(inFlight.values());
    const stored = await cursors.read(id);
    await save(stored.cursor, stored.etag);
  }

  const running = detached(run).catch((error: unknown) =>
    // Deliveries that are not written down are repeated by whoever takes over.
    warnSometimes('webhook stop', { err: error, webhook: id }, 'the last deliveries of a webhook are not written down'),
  );

  return {
    update(now) {
      if (now.version > hook.version) hook = now;
    },
    wake,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function attemptOf({ position, attempts, asked }: Open, sent: Sent, at: number, random: number): Attempt {
  return { ...sent, position, number: attempts + 1, at, random, ...(asked !== undefined && { asked }) };
}
