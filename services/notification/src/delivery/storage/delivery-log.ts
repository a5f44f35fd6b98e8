import type { DeliveryView } from '@standing-order/contracts';
import { PAGE_SIZE } from '@standing-order/entity-store/paged-log';
import { type Cursor, MOST_OPEN, type Open } from '../../domain/delivery-state.ts';
import { isReadable } from '../../domain/retention.ts';
import type { Cursors } from './delivery-state-store.ts';
import { historyOf, KEPT, type Logs, type Past } from './logs.ts';

export interface DeliveryList {
  readonly open: DeliveryView[];
  readonly finished: DeliveryView[];
}

/** What has become of a webhook's events, and how to send them again. What can't be read rejects with a SidecarError. */
export interface DeliveryRecord {
  /** All that is open, and the newest of what is finished. */
  list(hook: string): Promise<DeliveryList>;
  /** Sends one event again. missing: nobody knows it, or not any more. full: too much is open. */
  again(hook: string, eventId: string): Promise<'again' | 'missing' | 'full' | 'unknown'>;
  /** Sends every event again that was given up since then (Unix time in milliseconds), the oldest first, as far as there is room. */
  failedSince(
    hook: string,
    since: number,
  ): Promise<{ readonly redelivered: number; readonly left: number } | 'unknown'>;
  /** A webhook was enabled: what is open need not wait any longer. False: it may be stored or not. */
  enabled(hook: string): Promise<boolean>;
}

type Where = Pick<Open, 'position' | 'eventId'>;

export interface RecordOptions {
  readonly cursors: Cursors;
  readonly logs: Pick<Logs, 'history'>;
  /** Unix time in milliseconds. */
  now(): number;
}

export function createRecord({ cursors, logs, now }: RecordOptions): DeliveryRecord {
  /** Finished deliveries, newest first, as far back as they are kept. */
  async function* past(hook: string, { dropped }: Cursor): AsyncGenerator<Past> {
    const oldest = dropped.history * PAGE_SIZE + 1;
    let before: number | undefined;
    for (let seen = 0; seen < KEPT && before !== oldest; ) {
      const limit = before === undefined ? PAGE_SIZE : Math.min(PAGE_SIZE, before - oldest);
      const { entries, more } = await logs.history.read(historyOf(hook), { limit, before });
      for (const { entry } of entries) yield entry;
      if (!more) return;
      seen += entries.length;
      before = entries.at(-1)?.position;
    }
  }

  async function find(hook: string, cursor: Cursor, eventId: string): Promise<Where | undefined> {
    const open = cursor.open.find((entry) => entry.eventId === eventId);
    if (open) return open;
    for await (const entry of past(hook, cursor)) {
      if (entry.eventId === eventId) return isReadable(cursor, entry.position) ? entry : undefined;
    }
    return undefined;
  }

  const sendAgain = (hook: string, events: readonly Where[]) =>
    cursors.apply(hook, () => [
      { kind: 'again', events: events.map(({ position, eventId }) => ({ position, eventId })), at: now() },
    ]);

  return {
    async list(hook) {
      const { cursor } = await cursors.read(hook);
      const { entries } = await logs.history.read(historyOf(hook), { limit: PAGE_SIZE });
      return {
        open: cursor.open.toSorted((a, b) => a.dueAt - b.dueAt).map(openView),
        finished: entries.map(({ entry }) => pastView(entry)),
      };
    },

    async again(hook, eventId) {
      const { cursor } = await cursors.read(hook);
      const found = await find(hook, cursor, eventId);
      if (!found) return 'missing';
      if (cursor.open.length >= MOST_OPEN) return 'full';
      return (await sendAgain(hook, [found])) ? 'again' : 'unknown';
    },

    async failedSince(hook, since) {
      const { cursor } = await cursors.read(hook);
      const open = new Set(cursor.open.map(({ position }) => position));
      const last = new Map<number, Past>();
      for await (const entry of past(hook, cursor)) {
        if (entry.at < since) break;
        if (!last.has(entry.position)) last.set(entry.position, entry);
      }
      const failed = [...last.values()]
        .filter(({ status, position }) => status === 'failed' && !open.has(position) && isReadable(cursor, position))
        .toSorted((a, b) => a.position - b.position);
      const some = failed.slice(0, Math.max(0, MOST_OPEN - open.size));
      if (some.length > 0 && !(await sendAgain(hook, some))) return 'unknown';
      return { redelivered: some.length, left: failed.length - some.length };
    },

    enabled: (hook) => cursors.apply(hook, () => [{ kind: 'enabled', at: now() }]),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

const openView = ({ eventId, attempts, dueAt, at, answered, error }: Open): DeliveryView => ({
  eventId,
  status: 'open',
  attempts,
  nextAt: iso(dueAt),
  ...(at !== undefined && { at: iso(at) }),
  ...(answered !== undefined && { answered }),
  ...(error !== undefined && { error }),
});

const pastView = ({ eventId, status, attempts, at, answered, error }: Past): DeliveryView => ({
  eventId,
  status,
  attempts,
  at: iso(at),
  ...(answered !== undefined && { answered }),
  ...(error !== undefined && { error }),
});
