import type { LogEntry, PagedLog } from '@standing-order/entity-store/paged-log';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Order } from '../domain/order.ts';

type Addition = { readonly name: string; readonly entries: readonly LogEntry[] };

/** What is added together, next. */
interface Gathering {
  readonly additions: Addition[];
  readonly added: Promise<readonly boolean[]>;
}

/** Before each addition, so that it is worth its while. */
const GATHER_MS = 50;

/** The list of a consumer's orders. */
export const logName = (consumerId: string): string => `ci:${consumerId}`;

/** Puts orders into the lists of their consumers; says for each, in order, whether it is there. What comes meanwhile is added together. */
export function createListing(
  log: Pick<PagedLog<LogEntry>, 'append'>,
  clock: Pick<Clock, 'setTimer'>,
): (orders: readonly Order[]) => Promise<readonly boolean[]> {
  let gathering: Gathering | undefined;
  /** The addition under way: two that add to the same lists would only take turns in losing. Never rejects. */
  let turn: Promise<unknown> = Promise.resolve();

  async function addAfter(before: Promise<unknown>, additions: readonly Addition[]): Promise<readonly boolean[]> {
    await before;
    await new Promise<void>((resolve) => clock.setTimer(GATHER_MS, resolve));
    gathering = undefined;
    return log.append(additions);
  }

  function gather(): Gathering {
    const additions: Addition[] = [];
    const added = addAfter(turn, additions);
    turn = added.catch(() => {});
    return { additions, added };
  }

  return async (orders) => {
    if (orders.length === 0) return [];
    gathering ??= gather();
    const { additions, added } = gathering;
    const from = additions.length;
    for (const { id, request } of orders) additions.push({ name: logName(request.consumerId), entries: [{ id }] });
    return (await added).slice(from, from + orders.length);
  };
}
