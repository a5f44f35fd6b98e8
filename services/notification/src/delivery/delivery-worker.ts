import type { Clock } from '@standing-order/service-kit/runtime';
import { logger, meter, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import { roomOf } from '../domain/delivery-state.ts';
import type { DisabledReason, Hook } from '../domain/endpoint.ts';
import type { Hooks } from '../endpoints/endpoint-store.ts';
import { isGone } from './attempt/sender.ts';
import { createProgress, type ProgressParts } from './delivery-progress.ts';
import { type AttemptsParts, createAttempts } from './in-flight-deliveries.ts';
import { createPauses } from './interruptible-sleep.ts';
import { eventsOf } from './storage/logs.ts';

export interface CourierParts extends ProgressParts, Pick<AttemptsParts, 'random' | 'sender' | 'slots'> {
  readonly clock: Clock;
  readonly hooks: Pick<Hooks, 'change'>;
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

/** Between the beginnings of two turns: each costs several calls of the store, so results gather. */
const TURN_MS = 200;
const IDLE_MS = 250;
const IDLE_MAX_MS = 4_000;
const FAILED_PAUSE_MS = 1_000;

const disabled = meter.createCounter('webhooks.disabled', { description: 'Webhooks that were disabled, by reason' });

/** Begins to deliver where the webhook's cursor is, until `stop`. */
export function startCourier(first: Hook, parts: CourierParts): Courier {
  const { clock, logs } = parts;
  const { id } = first;
  const stopping = new AbortController();
  const pauses = createPauses(clock, stopping.signal);
  const progress = createProgress(id, parts);
  const attempts = createAttempts({
    ...parts,
    progress,
    signal: stopping.signal,
    hook: () => hook,
    async sent(sent) {
      if (isGone(sent)) await disable('gone');
    },
    done: wake,
  });
  let hook = first;
  let woken = true;
  let idleMs = IDLE_MS;

  function wake(): void {
    woken = true;
    pauses.wake();
  }

  /** Takes new events, as far as there is room. */
  async function take(): Promise<void> {
    attempts.dropFinished();
    const limit = Math.min(roomOf(progress.cursor), attempts.room);
    if (limit <= 0) return;
    const { entries, more } = await logs.events.read(eventsOf(id), { after: progress.cursor.taken, limit });
    if (entries.length === 0) return;
    for (const { position, entry } of entries) attempts.readAhead(position, entry);
    const events = entries.map(({ position, entry }) => ({ position, eventId: entry.id }));
    progress.happened({ kind: 'taken', events, at: clock.wall() });
    woken ||= more;
    idleMs = IDLE_MS;
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
    await progress.load();
    await take();
    attempts.start();
    const { failed } = progress;
    if (!(await progress.save())) woken = true;
    await progress.dropOld();
    const now = clock.wall();
    const { failingSince = now, open } = progress.cursor;
    // Time alone disables nothing: a webhook for which nothing happens does not fail.
    if (failed && now - failingSince >= parts.disableAfterMs) await disable('failing');
    idleMs = Math.min(2 * idleMs, IDLE_MAX_MS);
    const waiting = open.filter(({ position }) => !attempts.isUnderWay(position));
    const next = Math.min(...waiting.map(({ dueAt }) => dueAt));
    return next > now ? Math.min(next - now, idleMs) : idleMs;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const began = clock.monotonic();
      try {
        const ms = await turn();
        await pauses.for(began + TURN_MS - clock.monotonic());
        if (!woken) await pauses.untilWoken(ms);
      } catch (error) {
        warnRateLimited('webhook turn', { err: error, webhook: id }, 'deliveries of a webhook cannot go on now');
        await pauses.for(FAILED_PAUSE_MS);
      }
    }
    await attempts.ended();
    await progress.load();
    await progress.save();
  }

  const running = runDetached(run).catch((error: unknown) =>
    // Deliveries that are not written down are repeated by whoever takes over.
    warnRateLimited(
      'webhook stop',
      { err: error, webhook: id },
      'the last deliveries of a webhook are not written down',
    ),
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
