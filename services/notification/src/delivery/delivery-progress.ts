import { meter } from '@standing-order/service-kit/telemetry';
import { type Cursor, newCursor, type Step } from '../domain/delivery-state.ts';
import { dropping } from '../domain/retention.ts';
import { type Cursors, fold, type StoredCursor } from './storage/delivery-state-store.ts';
import { eventsOf, historyOf, type Logs } from './storage/logs.ts';

export interface ProgressParts {
  readonly cursors: Pick<Cursors, 'read' | 'write'>;
  readonly logs: Logs;
  /** Removes full pages of a log. Never rejects. */
  drop(log: string, pages: readonly number[]): Promise<unknown>;
}

/** How far a webhook's events have been delivered: what is stored of it, and what has happened since. */
export interface Progress {
  /** With all that has happened. */
  readonly cursor: Cursor;
  /** Whether something failed that is not written down yet. */
  readonly failed: boolean;
  happened(step: Step): void;
  /** Takes what is stored now as the beginning. */
  load(): Promise<void>;
  /**
   * Writes down what has happened, over what was loaded. False: somebody else has changed it. Rejects when it is not known to be
   * written; what is not written stays to be written.
   */
  save(): Promise<boolean>;
  /** Removes what of both logs nobody will read again. */
  dropOld(): Promise<void>;
}

const deliveries = meter.createCounter('webhooks.deliveries', { description: 'Events that are done with, by how' });

export function createProgress(id: string, { cursors, logs, drop }: ProgressParts): Progress {
  let steps: Step[] = [];
  let stored: StoredCursor = { cursor: newCursor, etag: undefined };
  let cursor = newCursor;

  return {
    get cursor() {
      return cursor;
    },
    get failed() {
      return steps.some((step) => step.kind === 'attempted' && !step.attempt.ok);
    },

    happened(step) {
      steps.push(step);
      cursor = fold(cursor, [step]).cursor;
    },

    async load() {
      stored = await cursors.read(id);
      cursor = fold(stored.cursor, steps).cursor;
    },

    async save() {
      if (steps.length === 0) return true;
      const count = steps.length;
      const { cursor: next, finished } = fold(stored.cursor, steps);
      if (finished.length > 0) {
        const entries = finished.map((past) => ({ id: `${past.position}-${past.at}`, ...past }));
        // In the delivery log first: what is not open and not there would be forgotten.
        const [logged] = await logs.history.append([{ name: historyOf(id), entries }]);
        if (!logged) throw new Error('the delivery log cannot be written');
      }
      const outcome = await cursors.write(id, next, stored.etag);
      if (outcome === 'unknown') throw new Error('the cursor cannot be written');
      if (outcome === 'conflict') return false;
      steps = steps.slice(count);
      for (const { status } of finished) deliveries.add(1, { status });
      return true;
    },

    async dropOld() {
      if (!dropping(cursor, 0)) return;
      const { newest } = await logs.history.read(historyOf(id), { limit: 1 });
      // As it is now: somebody may have asked for an old event by hand.
      const now = await cursors.read(id);
      const old = dropping(now.cursor, newest);
      if (!old) return;
      const written = fold(now.cursor, [{ kind: 'dropped', dropped: old.dropped }]).cursor;
      if ((await cursors.write(id, written, now.etag)) !== 'written') return;
      // Not before it is written down: what can be asked for must be there.
      await drop(eventsOf(id), old.events);
      await drop(historyOf(id), old.history);
    },
  };
}
