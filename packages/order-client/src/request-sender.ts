import { TOPICS } from '@standing-order/contracts';
import { createEvent, type Publication, type Sidecar } from '@standing-order/dapr';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Pending } from './pending-list.ts';
import { readListed } from './reconcile-pending.ts';
import { type Outcome, type Record, type Records, UnknownRequestError } from './requests.ts';

/** The client was closed; the request goes on when it resumes. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

export interface OutstandingParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Of the client, which is where its outcomes go, too. */
  readonly name: string;
  /** Who the client is in its messages, as a URI reference. */
  readonly source: string;
  readonly clock: Clock;
  readonly records: Pick<Records, 'read'>;
  readonly pending: Pick<Pending, 'read' | 'remove'>;
}

/** The requests that this process sends until their outcome is stored, and who waits for it. */
export interface Outstanding {
  /** Takes a request up; resolves with its outcome, whenever that comes. Rejects with a ClosedError or an UnknownRequestError. */
  follow(record: Record): Promise<Outcome>;
  /** Listed, and perhaps without a cause: it is taken up if it is stored and open, and loses its place in the list if not. */
  doubt(id: string): void;
  /** Sends a request no more that is not stored any more; who waits for it hears an UnknownRequestError. Never rejects. */
  forget(id: string): Promise<void>;
  /** Who waits for one of these hears its outcome, if it has one, and nothing is left to be done for it. Never rejects. */
  settle(known: ReadonlyMap<string, Record>): Promise<void>;
  /** Sends nothing more; who waits hears a ClosedError. */
  close(): void;
}

interface Waiting {
  readonly record: Record;
  readonly settled: PromiseWithResolvers<Outcome>;
  /** When it is sent next, on the monotonic clock, and how long after that again. */
  sendAt: number;
  pauseMs: number;
  sends: number;
}

const LOOK_MS = 1_000;
/** Between two looks at the whole list. */
const TIDY_MS = 30_000;
const SEND_AGAIN_MS = 2_000;
const SEND_AGAIN_MAX_MS = 30_000;

export function createOutstanding(parts: OutstandingParts): Outstanding {
  const { sidecar, pubsub, clock, records, pending } = parts;
  const waiting = new Map<string, Waiting>();
  const doubtful = new Set<string>();
  let tidyAt = clock.monotonic() + TIDY_MS;
  let cancelLook: (() => void) | undefined;
  let closed = false;

  async function send(due: readonly Waiting[]): Promise<void> {
    if (due.length === 0) return;
    for (const entry of due) {
      entry.sends++;
      entry.sendAt = clock.monotonic() + entry.pauseMs;
      entry.pauseMs = Math.min(2 * entry.pauseMs, SEND_AGAIN_MAX_MS);
    }
    const requests = due.map((entry) => requestOf(entry, parts));
    await sidecar.publish(pubsub, TOPICS['order-requests'].name, requests);
  }

  const unlist = (id: string): Promise<void> =>
    pending.remove(id).catch((error: unknown) => {
      warnRateLimited('client list', { err: error }, 'a request stays listed for now');
      doubt(id);
    });

  /** The outcome is stored. */
  async function settled(id: string, outcome: Outcome): Promise<void> {
    waiting.get(id)?.settled.resolve(outcome);
    waiting.delete(id);
    await unlist(id);
  }

  async function settle(known: ReadonlyMap<string, Record>): Promise<void> {
    await Promise.all([...known.values()].map(({ id, outcome }) => outcome && settled(id, outcome)));
  }

  function end(entry: Waiting): void {
    const { id } = entry.record;
    if (waiting.get(id) !== entry) return;
    waiting.delete(id);
    entry.settled.reject(new UnknownRequestError(`request ${id} was forgotten`));
  }

  /** Sends what is due, and finds what another replica has heard or forgotten. */
  async function look(): Promise<void> {
    const entries = [...waiting.values()];
    const known = await records.read(entries.map(({ record }) => record.id));
    for (const entry of entries) if (!known.has(entry.record.id)) end(entry);
    await settle(known);
    const now = clock.monotonic();
    await send([...waiting.values()].filter(({ sendAt }) => sendAt <= now));
    if (now < tidyAt) return;
    await tidy();
    tidyAt = now + TIDY_MS;
  }

  /** Without it, requests that failed half-way would hold their places until the next restart. */
  async function tidy(): Promise<void> {
    const doubted = [...doubtful];
    const { open, unclear } = await readListed(parts);
    for (const record of open) if (doubtful.has(record.id)) void follow(record).catch(() => {});
    for (const id of doubted) if (!unclear.includes(id)) doubtful.delete(id);
  }

  function lookLater(): void {
    if (closed || cancelLook !== undefined || waiting.size + doubtful.size === 0) return;
    cancelLook = clock.setTimer(LOOK_MS, () => {
      runDetached(look)
        .catch((error: unknown) => warnRateLimited('client look', { err: error }, 'pending requests cannot be read'))
        .finally(() => {
          cancelLook = undefined;
          lookLater();
        });
    });
  }

  async function follow(record: Record): Promise<Outcome> {
    if (record.outcome) return record.outcome;
    const known = waiting.get(record.id);
    if (known) return known.settled.promise;
    if (closed) throw new ClosedError('the client is closed');
    const promise = Promise.withResolvers<Outcome>();
    // Nobody may wait for it here, as after `resume`.
    promise.promise.catch(() => {});
    const entry = { record, settled: promise, sendAt: 0, pauseMs: SEND_AGAIN_MS, sends: 0 };
    waiting.set(record.id, entry);
    await send([entry]);
    lookLater();
    return promise.promise;
  }

  function doubt(id: string): void {
    if (closed) return;
    doubtful.add(id);
    lookLater();
  }

  return {
    settle,
    follow,
    doubt,
    async forget(id) {
      const entry = waiting.get(id);
      if (entry) end(entry);
      await unlist(id);
    },
    close() {
      closed = true;
      cancelLook?.();
      for (const [id, entry] of waiting)
        entry.settled.reject(new ClosedError(`closed before the outcome of ${id} came`));
      waiting.clear();
      doubtful.clear();
    },
  };
}

/** The message that asks for the order. */
function requestOf({ record, sends }: Waiting, { name, source, clock }: OutstandingParts): Publication {
  const { id, order: request, trace } = record;
  const event = createEvent({
    id: `${id}-${sends}`,
    source,
    type: 'com.standing-order.create-order.v1',
    subject: id,
    time: clock.wall(),
    trace: trace && { traceparent: trace.traceparent, ...(trace.tracestate && { tracestate: trace.tracestate }) },
    data: { correlationId: id, replyTo: name, request },
  });
  return { event, partitionKey: id };
}
