import { clientName, correlationId, type OrderRequest, orderRequest } from '@standing-order/contracts';
import type { Sidecar, StateStore } from '@standing-order/dapr';
import { type Clock, systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { currentTrace, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import { subscribeToOutcomes } from './outcome-subscription.ts';
import { createPendingList, FullError } from './pending-list.ts';
import { reconcilePending } from './reconcile-pending.ts';
import { ClosedError, createRequestSender } from './request-sender.ts';
import { createRequestStore, type Outcome, type PlacedRequest, UnknownRequestError } from './requests.ts';

export interface OrderClientOptions {
  /** The reply channel is `order-outcomes-{name}`. Replicas of one client share the name. */
  readonly name: string;
  /** The client adds the handler of the reply channel to it: POST /messages/order-outcomes-{name}. */
  readonly app: Hono;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  /** The application's own state store. */
  readonly store: StateStore;
  /** Name of the pub/sub component. Default: messages. */
  readonly pubsub?: string;
  /** Maximum number of requests without an outcome, of all replicas together. Default: 1,000. */
  readonly maxPending?: number;
  readonly clock?: Clock;
}

/** Places orders by message, and returns their outcomes. */
export interface OrderClient {
  /**
   * Places an order and resolves with its outcome. With an id of the caller's choice, the request can be repeated, also after a
   * restart.
   *
   * Rejects with a FullError or an IdReusedError, or with a ZodError for an invalid id or order; then the request is not stored and
   * not sent. Rejects with another error if the state store fails; then the request may be stored, and is sent if it is.
   */
  place(order: OrderRequest, id?: string): Promise<Outcome>;
  /**
   * Resolves with the request's id when the request is stored, without waiting for its outcome. From then on it is sent until its
   * outcome arrives. Rejects as `place` does.
   */
  submit(order: OrderRequest, id?: string): Promise<string>;
  /** Resolves with the outcome of a request that was placed before. Rejects with an UnknownRequestError. */
  outcome(id: string): Promise<Outcome>;
  /** Continues all pending requests after a restart. Retries until the state store can be read, and resolves with their ids. */
  resume(): Promise<readonly string[]>;
  /** Removes a request and its outcome. Its callers get an UnknownRequestError. False: the state store failed. */
  remove(id: string): Promise<boolean>;
  /** Stops sending. All callers get a ClosedError. The requests stay stored, for `resume`. */
  close(): void;
}

const MAX_PENDING = 1_000;
const RETRY_MS = 1_000;

/**
 * Creates a client of the messaging style. A request is stored before it is sent, and sent until its outcome is stored. An outcome is
 * stored before it is confirmed, and received until it is confirmed. The first outcome counts.
 */
export function createOrderClient(options: OrderClientOptions): OrderClient {
  const { app, sidecar, store, pubsub = 'messages', maxPending = MAX_PENDING, clock = systemClock } = options;
  const name = clientName.parse(options.name);
  const requests = createRequestStore(store, `order-request:${name}:`);
  const pending = createPendingList({ store, key: `order-requests:${name}`, clock, maxPending });
  const shared = { sidecar, pubsub, name, source: `/client/${name}`, clock, requests, pending };
  const sender = createRequestSender(shared);
  subscribeToOutcomes(app, { ...shared, sender });
  let isClosed = false;

  async function resumePending(): Promise<readonly string[]> {
    const { open, unclear } = await reconcilePending(shared);
    for (const request of open) void sender.track(request).catch(() => {});
    for (const id of unclear) sender.verify(id);
    return open.map(({ id }) => id);
  }

  /** Adds the request to the pending list, and then stores it. */
  async function storeRequest(request: PlacedRequest): Promise<PlacedRequest> {
    try {
      await pending.add(request.id);
      return await requests.add(request);
    } catch (error) {
      if (!(error instanceof FullError)) sender.verify(request.id);
      throw error;
    }
  }

  /** Stores the request, unless it is stored. */
  async function ensureStored(order: OrderRequest, id = uuidv7(clock, systemRandom)): Promise<PlacedRequest> {
    const trace = currentTrace();
    const content = { id: correlationId.parse(id), order: orderRequest.parse(order), ...(trace && { trace }) };
    const request = { v: 1, placedAt: clock.wall(), ...content } as const;
    const stored = await requests.find(request);
    // A request that already has its outcome is not pending.
    return stored?.outcome ? stored : storeRequest(request);
  }

  return {
    place: async (order, id) => sender.track(await ensureStored(order, id)),

    async submit(order, id) {
      const request = await ensureStored(order, id);
      // Its callers, if any, get the outcome by `outcome`.
      void sender.track(request).catch(() => {});
      return request.id;
    },

    async outcome(id) {
      const stored = await requests.read([correlationId.parse(id)]);
      if (stored.unreadable.has(id)) throw new Error(`request ${id} is stored in a form that this version cannot read`);
      const request = stored.requests.get(id);
      if (!request) throw new UnknownRequestError(`request ${id} does not exist`);
      return sender.track(request);
    },

    async resume() {
      for (;;) {
        if (isClosed) throw new ClosedError('the client is closed');
        try {
          return await runDetached(resumePending);
        } catch (error) {
          warnRateLimited('client resume', { err: error }, 'could not read pending requests');
        }
        await new Promise<void>((resolve) => clock.setTimer(RETRY_MS, resolve));
      }
    },

    async remove(id) {
      if (!(await requests.remove(id))) return false;
      await sender.cancel(id);
      return true;
    },

    close() {
      isClosed = true;
      sender.close();
    },
  };
}
