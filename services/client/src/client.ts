import {
  clientName,
  correlationId,
  type Message,
  messageSchema,
  type OrderRequest,
  orderRequest,
  outcomeTopic,
  outcomeTypes,
  topics,
} from '@standing-order/contracts';
import {
  createEvent,
  type Delivery,
  type DeliveryOutcome,
  type Sidecar,
  type StateStore,
  subscribe,
} from '@standing-order/platform/dapr';
import { type Clock, realClock, realRandom, uuidv7 } from '@standing-order/platform/runtime';
import { currentTrace, detached, warnSometimes } from '@standing-order/platform/telemetry';
import type { Hono } from 'hono';
import { createPending } from './pending.ts';
import { createRecords, type Outcome, type Record, UnknownRequestError } from './records.ts';

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
   * Places an order and resolves with its outcome, whenever that comes. Rejects, and then nothing was sent, with a FullError,
   * an IdReusedError, a ZodError for an id or order that can never be placed, or another error when the state store fails.
   * With an id of the caller's own the request can be repeated, and its outcome asked for after a restart.
   */
  place(order: OrderRequest, id?: string): Promise<Outcome>;
  /** The outcome of a request that was placed before, whenever it comes. Rejects with an UnknownRequestError. */
  outcome(id: string): Promise<Outcome>;
  /** After a restart: takes up every request without an outcome. Waits for the state store; resolves with their ids. */
  resume(): Promise<readonly string[]>;
  /** Forgets a request and its outcome. False: the state store failed. */
  forget(id: string): Promise<boolean>;
  /** Stops sending; who waits hears a ClosedError. The requests stay, for `resume`. */
  close(): void;
}

/** The client was closed; the request goes on when it resumes. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

interface Waiting {
  readonly record: Record;
  readonly settled: PromiseWithResolvers<Outcome>;
  /** When it is sent next, on the monotonic clock, and how long after that again. */
  sendAt: number;
  pauseMs: number;
  sends: number;
}

type Reply = Message<(typeof outcomeTypes)[number]>;

const MOST = 1_000;
const LOOK_MS = 1_000;
const SEND_AGAIN_MS = 2_000;
const SEND_AGAIN_MAX_MS = 30_000;
/** Whoever is placing a request has written it by then, after its id. */
const ABANDONED_MS = 60_000;

/**
 * A client of the messaging style. A request is stored before it is sent, and sent again until its outcome is stored; an
 * outcome is stored before it is confirmed, and comes again until it is confirmed. The first one counts.
 */
export function createOrderClient(options: OrderClientOptions): OrderClient {
  const { app, sidecar, store, pubsub = 'messages', most = MOST, clock = realClock } = options;
  const name = clientName.parse(options.name);
  const source = `/client/${name}`;
  const records = createRecords(store, `order-request:${name}:`);
  const pending = createPending({ store, key: `order-requests:${name}`, clock, most });
  const waiting = new Map<string, Waiting>();
  let cancelLook: (() => void) | undefined;
  let closed = false;

  /** Sends what is due, and finds what another replica has heard. */
  async function look(): Promise<void> {
    const known = await records.read([...waiting.keys()]);
    await settleAll(known);
    const now = clock.monotonic();
    await send([...waiting.values()].filter(({ sendAt }) => sendAt <= now));
  }

  function lookLater(): void {
    if (closed || cancelLook !== undefined || waiting.size === 0) return;
    cancelLook = clock.setTimer(LOOK_MS, () => {
      detached(look)
        .catch((error: unknown) => warnSometimes('client look', { err: error }, 'pending requests cannot be read'))
        .finally(() => {
          cancelLook = undefined;
          lookLater();
        });
    });
  }

  async function send(due: readonly Waiting[]): Promise<void> {
    if (due.length === 0) return;
    const messages = due.map((entry) => {
      const { id, order: request, trace } = entry.record;
      const event = createEvent({
        id: `${id}-${++entry.sends}`,
        source,
        type: 'com.standing-order.create-order.v1',
        subject: id,
        time: clock.wall(),
        trace: trace && { traceparent: trace.traceparent, ...(trace.tracestate && { tracestate: trace.tracestate }) },
        data: { correlationId: id, replyTo: name, request },
      });
      entry.sendAt = clock.monotonic() + entry.pauseMs;
      entry.pauseMs = Math.min(2 * entry.pauseMs, SEND_AGAIN_MAX_MS);
      return { event, partitionKey: id };
    });
    await sidecar.publish(pubsub, topics['order-requests'].name, messages);
  }

  /** Its outcome, whenever it comes. */
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

  /** The outcome is stored: whoever waits hears it, and nothing is left to be done. */
  async function settled(id: string, outcome: Outcome): Promise<void> {
    waiting.get(id)?.settled.resolve(outcome);
    waiting.delete(id);
    // One that stays in the list is taken out by the next `resume`.
    await pending
      .remove(id)
      .catch((error: unknown) => warnSometimes('client list', { err: error }, 'a request stays listed'));
  }

  async function settleAll(known: ReadonlyMap<string, Record>): Promise<void> {
    await Promise.all([...known.values()].map(({ id, outcome }) => outcome && settled(id, outcome)));
  }

  async function hear(batch: readonly Delivery<Reply>[]): Promise<readonly DeliveryOutcome[]> {
    const heard = new Map<string, Outcome>();
    for (const { message } of batch) {
      const { correlationId: id } = message.data;
      if (id === undefined) warnSometimes('client refused', { ...message.data }, 'a request of unknown id was refused');
      else if (!heard.has(id)) heard.set(id, outcomeOf(message));
    }
    if (!(await records.settle(heard))) return batch.map(() => 'retry');
    const stored = await records.read([...heard.keys()]);
    await settleAll(stored);
    return confirm(batch);
  }

  /** Says that the outcomes arrived. Also of requests that nobody here knows any more: nobody else will say it. */
  async function confirm(batch: readonly Delivery<Reply>[]): Promise<readonly DeliveryOutcome[]> {
    const outcomes = batch.map((): DeliveryOutcome => 'success');
    const receipts = batch.flatMap(({ message, context }, index) => {
      if (message.type !== 'com.standing-order.order-outcome.v1') return [];
      const { orderId, token } = message.data;
      const event = createEvent({
        id: `${message.id}-received`,
        source,
        type: 'com.standing-order.outcome-received.v1',
        subject: orderId,
        time: clock.wall(),
        trace: currentTrace(context),
        data: { orderId, token },
      });
      return [{ index, publication: { event, partitionKey: orderId } }];
    });
    const publications = receipts.map(({ publication }) => publication);
    const taken = await sidecar.publish(pubsub, topics['order-replies'].name, publications);
    receipts.forEach(({ index }, at) => {
      if (!taken[at]) outcomes[index] = 'retry';
    });
    return outcomes;
  }

  subscribe(app, {
    sidecar,
    pubsub,
    topic: outcomeTopic(name),
    deadLetter: `${outcomeTopic(name)}-dead`,
    source,
    schema: messageSchema(outcomeTypes),
    handle: (batch) => detached(() => hear(batch)),
  });

  async function takeUp(): Promise<readonly string[]> {
    const listed = await pending.read();
    const known = await records.read([...listed.keys()]);
    const open = [...known.values()].filter(({ outcome }) => !outcome);
    for (const record of open) void follow(record).catch(() => {});
    const over = [...listed].filter(([id, addedAt]) =>
      known.has(id) ? known.get(id)?.outcome : clock.wall() - addedAt > ABANDONED_MS,
    );
    await Promise.all(over.map(([id]) => pending.remove(id)));
    return open.map(({ id }) => id);
  }

  return {
    async place(order, id = uuidv7(clock, realRandom)) {
      const trace = currentTrace();
      const about = { id: correlationId.parse(id), order: orderRequest.parse(order), ...(trace && { trace }) };
      const record = { v: 1, placedAt: clock.wall(), ...about } as const;
      await pending.add(id);
      return follow(await records.keep(record));
    },

    async outcome(id) {
      const record = (await records.read([correlationId.parse(id)])).get(id);
      if (!record) throw new UnknownRequestError(`no request ${id} was placed`);
      return follow(record);
    },

    async resume() {
      for (;;) {
        if (closed) throw new ClosedError('the client is closed');
        try {
          return await detached(takeUp);
        } catch (error) {
          warnSometimes('client resume', { err: error }, 'pending requests cannot be read');
        }
        await new Promise<void>((resolve) => clock.setTimer(LOOK_MS, resolve));
      }
    },

    forget: (id) => records.forget(id),

    close() {
      closed = true;
      cancelLook?.();
      for (const [id, entry] of waiting)
        entry.settled.reject(new ClosedError(`closed before the outcome of ${id} came`));
      waiting.clear();
    },
  };
}

function outcomeOf({ type, data }: Reply): Outcome {
  return type === 'com.standing-order.order-outcome.v1'
    ? { kind: 'settled', order: data.order }
    : { kind: 'refused', detail: data.detail, errors: data.errors };
}
