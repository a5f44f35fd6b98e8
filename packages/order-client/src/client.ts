import { clientName, correlationId, type OrderRequest, orderRequest } from '@standing-order/contracts';
import type { Sidecar, StateStore } from '@standing-order/dapr';
import { type Clock, systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { currentTrace, runDetached, warnRateLimited } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import { outcomeHandler } from './outcome-subscription.ts';
import { createPending, FullError } from './pending-list.ts';
import { readListed } from './reconcile-pending.ts';
import { ClosedError, createOutstanding } from './request-sender.ts';
import { createRecords, type Outcome, type Record, UnknownRequestError } from './requests.ts';

export interface OrderClientOptions {
  /** Its reply channel is `order-outcomes-{name}`; replicas of one client share the name. */
  readonly name: string;
  /** Gets the handler of the reply channel, POST /messages/order-outcomes-{name}; the application subscribes to it there. */
  readonly app: Hono;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  /** The application's own state store. */
  readonly store: StateStore;
  /** Name of the pub/sub component. Default messages. */
  readonly pubsub?: string;
  /** Most requests that wait for their outcome. Default 1,000. */
  readonly most?: number;
  readonly clock?: Clock;
}

/** Places orders by message, and hears what became of them. */
export interface OrderClient {
  /**
   * Places an order and resolves with its outcome, whenever that comes. Rejects with a FullError, an IdReusedError, or a
   * ZodError for an id or order that can never be placed: then nothing was stored or sent. When the state store fails it rejects
   * with another error; then the request may be stored all the same, and is sent if it is. With an id of the caller's own
   * the request can be repeated, and its outcome asked for after a restart.
   */
  place(order: OrderRequest, id?: string): Promise<Outcome>;
  /** The outcome of a request that was placed before, whenever it comes. Rejects with an UnknownRequestError. */
  outcome(id: string): Promise<Outcome>;
  /** After a restart: takes up every request without an outcome. Waits for the state store; resolves with their ids. */
  resume(): Promise<readonly string[]>;
  /** Forgets a request and its outcome; who waits for it hears an UnknownRequestError. False: the state store failed. */
  forget(id: string): Promise<boolean>;
  /** Stops sending; who waits hears a ClosedError. The requests stay, for `resume`. */
  close(): void;
}

const MOST = 1_000;
const TRY_AGAIN_MS = 1_000;

/**
 * A client of the messaging style. A request is stored before it is sent, and sent again until its outcome is stored; an
 * outcome is stored before it is confirmed, and comes again until it is confirmed. The first one counts.
 */
export function createOrderClient(options: OrderClientOptions): OrderClient {
  const { app, sidecar, store, pubsub = 'messages', most = MOST, clock = systemClock } = options;
  const name = clientName.parse(options.name);
  const records = createRecords(store, `order-request:${name}:`);
  const pending = createPending({ store, key: `order-requests:${name}`, clock, most });
  const parts = { sidecar, pubsub, name, source: `/client/${name}`, clock, records, pending };
  const outstanding = createOutstanding(parts);
  outcomeHandler(app, { ...parts, outstanding });
  let closed = false;

  async function takeUp(): Promise<readonly string[]> {
    const { open, unclear } = await readListed(parts);
    for (const record of open) void outstanding.follow(record).catch(() => {});
    for (const id of unclear) outstanding.doubt(id);
    return open.map(({ id }) => id);
  }

  /** Lists a request, and then stores it. */
  async function keep(record: Record): Promise<Record> {
    try {
      await pending.add(record.id);
      return await records.keep(record);
    } catch (error) {
      if (!(error instanceof FullError)) outstanding.doubt(record.id);
      throw error;
    }
  }

  return {
    async place(order, id = uuidv7(clock, systemRandom)) {
      const trace = currentTrace();
      const about = { id: correlationId.parse(id), order: orderRequest.parse(order), ...(trace && { trace }) };
      const record = { v: 1, placedAt: clock.wall(), ...about } as const;
      const known = await records.find(record);
      // One that was placed before and has its outcome waits for nothing.
      return outstanding.follow(known?.outcome ? known : await keep(record));
    },

    async outcome(id) {
      const record = (await records.read([correlationId.parse(id)])).get(id);
      if (!record) throw new UnknownRequestError(`no request ${id} was placed`);
      return outstanding.follow(record);
    },

    async resume() {
      for (;;) {
        if (closed) throw new ClosedError('the client is closed');
        try {
          return await runDetached(takeUp);
        } catch (error) {
          warnRateLimited('client resume', { err: error }, 'pending requests cannot be read');
        }
        await new Promise<void>((resolve) => clock.setTimer(TRY_AGAIN_MS, resolve));
      }
    },

    async forget(id) {
      if (!(await records.forget(id))) return false;
      await outstanding.forget(id);
      return true;
    },

    close() {
      closed = true;
      outstanding.close();
    },
  };
}
