import { TOPICS } from '@standing-order/contracts';
import { type BatchablePublication, createEvent, publishInBatches, type Sidecar } from '@standing-order/dapr';
import { type Clock, createBatcher } from '@standing-order/service-kit/runtime';
import { runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { PendingList } from './pending-list.ts';
import { reconcilePending } from './reconcile-pending.ts';
import { type Outcome, type PlacedRequest, type RequestStore, UnknownRequestError } from './requests.ts';

/** The client was closed. The request stays stored and continues after `resume`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

export interface RequestSenderOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Name of the client, which is also the address of its outcomes. */
  readonly name: string;
  /** CloudEvents source of the client's messages, a URI reference. */
  readonly source: string;
  readonly clock: Clock;
  readonly requests: Pick<RequestStore, 'read'>;
  readonly pending: Pick<PendingList, 'read' | 'remove'>;
}

/** Sends requests until their outcome is stored, and resolves their callers. */
export interface RequestSender {
  /** Sends a request and resolves with its outcome. Rejects with a ClosedError or an UnknownRequestError. */
  track(request: PlacedRequest): Promise<Outcome>;
  /** Tracks a listed request once it is known to be stored and pending. Otherwise its id is removed from the list. */
  verify(id: string): void;
  /** Stops sending a removed request, and rejects its callers with an UnknownRequestError. Never rejects. */
  cancel(id: string): Promise<void>;
  /** Resolves the callers of requests that have an outcome, and removes these from the pending list. Never rejects. */
  complete(requests: ReadonlyMap<string, PlacedRequest>): Promise<void>;
  /** Stops sending, and rejects all callers with a ClosedError. */
  close(): void;
}

interface TrackedRequest {
  readonly request: PlacedRequest;
  readonly outcome: PromiseWithResolvers<Outcome>;
  /** Time of the next send on the monotonic clock, and the delay after it. */
  sendAt: number;
  delayMs: number;
  sends: number;
}

const POLL_MS = 1_000;
/** Interval between two reads of the whole pending list. */
const RECONCILE_MS = 30_000;
const RETRANSMISSION_MS = 2_000;
const RETRANSMISSION_MAX_MS = 30_000;
/** Maximum number of requests in a batch while the broker refuses all of them. */
const BROKER_PROBE = 64;

export function createRequestSender(options: RequestSenderOptions): RequestSender {
  const { clock, requests, pending } = options;
  /** While one publish is in progress, the next requests gather, and share batch messages. */
  const publish = createBatcher((messages: readonly BatchablePublication[]) =>
    publishInBatches(options, TOPICS['order-requests'].name, messages),
  );
  const tracked = new Map<string, TrackedRequest>();
  const unverified = new Set<string>();
  let reconcileAt = clock.monotonic() + RECONCILE_MS;
  let cancelPoll: (() => void) | undefined;
  /** The broker accepted no request of the last batch. */
  let isRefused = false;
  let isClosed = false;

  /** A request that the broker did not accept is due again at once: the broker may be back long before its next send. */
  async function send(due: readonly TrackedRequest[]): Promise<void> {
    if (due.length === 0) return;
    for (const entry of due) {
      entry.sends++;
      entry.sendAt = clock.monotonic() + entry.delayMs;
      entry.delayMs = Math.min(2 * entry.delayMs, RETRANSMISSION_MAX_MS);
    }
    const accepted = await publish(due.map((entry) => createOrderMessage(entry, options)));
    isRefused = !accepted.includes(true);
    for (const [index, entry] of due.entries()) {
      if (accepted[index]) continue;
      entry.sendAt = clock.monotonic();
      entry.delayMs = RETRANSMISSION_MS;
    }
  }

  /** Sends the requests that are due for longest first. While the broker refuses them, a small batch probes it. */
  async function sendDue(): Promise<void> {
    const now = clock.monotonic();
    const due = [...tracked.values()].filter(({ sendAt }) => sendAt <= now).toSorted((a, b) => a.sendAt - b.sendAt);
    const first = due.slice(0, isRefused ? BROKER_PROBE : due.length);
    await send(first);
    if (isRefused || isClosed) return;
    // Meanwhile a request may have been removed or completed.
    await send(due.slice(first.length).filter((entry) => tracked.get(entry.request.id) === entry));
  }

  const unlist = (id: string): Promise<void> =>
    pending.remove(id).catch((error: unknown) => {
      warnRateLimited('client list', { err: error }, 'could not remove a request from the pending list');
      verify(id);
    });

  async function completeOne(id: string, outcome: Outcome): Promise<void> {
    tracked.get(id)?.outcome.resolve(outcome);
    tracked.delete(id);
    await unlist(id);
  }

  async function complete(stored: ReadonlyMap<string, PlacedRequest>): Promise<void> {
    await Promise.all([...stored.values()].map(({ id, outcome }) => outcome && completeOne(id, outcome)));
  }

  function untrack(entry: TrackedRequest): void {
    const { id } = entry.request;
    if (tracked.get(id) !== entry) return;
    tracked.delete(id);
    entry.outcome.reject(new UnknownRequestError(`request ${id} was removed`));
  }

  /** Sends due requests, and detects outcomes and removals that another replica has stored. */
  async function poll(): Promise<void> {
    const entries = [...tracked.values()];
    const stored = await requests.read(entries.map(({ request }) => request.id));
    const isStored = ({ request: { id } }: TrackedRequest) => stored.requests.has(id) || stored.unreadable.has(id);
    for (const entry of entries) if (!isStored(entry)) untrack(entry);
    await complete(stored.requests);
    await sendDue();
    const now = clock.monotonic();
    if (now < reconcileAt) return;
    await verifyAll();
    reconcileAt = now + RECONCILE_MS;
  }

  /** Without it, requests that were listed but never stored would count as pending until the next restart. */
  async function verifyAll(): Promise<void> {
    const verified = [...unverified];
    const { open, unclear } = await reconcilePending(options);
    for (const request of open) if (unverified.has(request.id)) void track(request).catch(() => {});
    for (const id of verified) if (!unclear.includes(id)) unverified.delete(id);
  }

  function schedulePoll(): void {
    if (isClosed || cancelPoll !== undefined || tracked.size + unverified.size === 0) return;
    cancelPoll = clock.setTimer(POLL_MS, () => {
      runDetached(poll)
        .catch((error: unknown) => warnRateLimited('client poll', { err: error }, 'could not read pending requests'))
        .finally(() => {
          cancelPoll = undefined;
          schedulePoll();
        });
    });
  }

  async function track(request: PlacedRequest): Promise<Outcome> {
    if (request.outcome) return request.outcome;
    const known = tracked.get(request.id);
    if (known) return known.outcome.promise;
    if (isClosed) throw new ClosedError('the client is closed');
    const outcome = Promise.withResolvers<Outcome>();
    // There may be no caller, for example after `resume`.
    outcome.promise.catch(() => {});
    const entry = { request, outcome, sendAt: 0, delayMs: RETRANSMISSION_MS, sends: 0 };
    tracked.set(request.id, entry);
    await send([entry]);
    schedulePoll();
    return outcome.promise;
  }

  function verify(id: string): void {
    if (isClosed) return;
    unverified.add(id);
    schedulePoll();
  }

  return {
    complete,
    track,
    verify,
    async cancel(id) {
      const entry = tracked.get(id);
      if (entry) untrack(entry);
      await unlist(id);
    },
    close() {
      isClosed = true;
      cancelPoll?.();
      for (const [id, entry] of tracked) {
        entry.outcome.reject(new ClosedError(`the client was closed before the outcome of ${id} arrived`));
      }
      tracked.clear();
      unverified.clear();
    },
  };
}

/**
 * All first attempts may share a message. Each request has a partition key of its own, and a batch message has that of its first
 * request, so the messages spread over the partitions. A retransmission is alone: a request that makes its receiver fail does not
 * hold up others, and a receiver without support for batch messages reads it.
 */
function createOrderMessage(
  { request, sends }: TrackedRequest,
  { name, source, clock }: RequestSenderOptions,
): BatchablePublication {
  const { id, order, trace } = request;
  const event = createEvent({
    id: `${id}-${sends}`,
    source,
    type: 'com.standing-order.create-order.v1',
    subject: id,
    time: clock.wall(),
    trace: trace && { traceparent: trace.traceparent, ...(trace.tracestate && { tracestate: trace.tracestate }) },
    data: { correlationId: id, replyTo: name, request: order, readsBatches: true },
  });
  return { event, partitionKey: id, group: 'first attempts', alone: sends > 1 };
}
