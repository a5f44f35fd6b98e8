import type { StateStore } from '@standing-order/dapr';
import { keyPart } from '@standing-order/entity-store/key-part';
import { createPagedLog, type LogEntry, type PagedLog } from '@standing-order/entity-store/paged-log';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Order } from '../domain/order.ts';

/** The functions of the state store that the lists need. */
export type ListStore = Pick<StateStore, 'get' | 'read' | 'write' | 'insert'>;

/** An order in the list of its consumer's orders. */
interface ListEntry extends LogEntry {
  /**
   * The order's `createdAt`. A new order with the Idempotency-Key of an expired one has the same id and another time. Entries of
   * earlier versions have none.
   */
  readonly at?: number;
}

type Addition = { readonly name: string; readonly entries: readonly ListEntry[] };

/** The additions that will be written together next. */
interface Batch {
  readonly additions: Addition[];
  readonly results: Promise<readonly boolean[]>;
}

/** Pause before each write, so that a batch has more than a few orders. */
const GATHER_MS = 50;

/** The name of the log that is the list of a consumer's orders. */
export const logName = (consumerId: string): string => `ci:${keyPart(consumerId)}`;

/**
 * The logs that are the lists of orders. A full page is kept for twice the retention of the orders in it, because an order is
 * listed before it is decided.
 */
export const createListLog = (store: ListStore, retentionSeconds: number | undefined): PagedLog<ListEntry> =>
  createPagedLog(store, {
    pageExpiresInSeconds: retentionSeconds && 2 * retentionSeconds,
    identityOf: ({ id, at }) => `${id} ${at}`,
  });

/** Whether this entry is the place of this order, and not that of an expired order with the same id. */
export const isPlaceOf = ({ id, at }: ListEntry, order: Order): boolean =>
  id === order.id && (at === undefined || at === order.createdAt);

/**
 * Returns a function that appends orders to the lists of their consumers. It returns for each order, in order, whether the
 * order is in the list. Orders that arrive during a write are written together in the next one.
 */
export function createListAppender(
  log: Pick<PagedLog<ListEntry>, 'append'>,
  clock: Pick<Clock, 'setTimer'>,
): (orders: readonly Order[]) => Promise<readonly boolean[]> {
  let next: Batch | undefined;
  /** The write in flight. Two concurrent writes to the same lists would only conflict with each other. Never rejects. */
  let inFlight: Promise<unknown> = Promise.resolve();

  async function appendAfter(previous: Promise<unknown>, additions: readonly Addition[]): Promise<readonly boolean[]> {
    await previous;
    await new Promise<void>((resolve) => clock.setTimer(GATHER_MS, resolve));
    next = undefined;
    return log.append(additions);
  }

  function createBatch(): Batch {
    const additions: Addition[] = [];
    const results = appendAfter(inFlight, additions);
    inFlight = results.catch(() => {});
    return { additions, results };
  }

  return async (orders) => {
    if (orders.length === 0) return [];
    next ??= createBatch();
    const { additions, results } = next;
    const from = additions.length;
    for (const { id, createdAt, request } of orders) {
      additions.push({ name: logName(request.consumerId), entries: [{ id, at: createdAt }] });
    }
    return (await results).slice(from, from + orders.length);
  };
}
