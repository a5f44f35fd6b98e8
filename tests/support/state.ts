import { connectRedis } from './redis.ts';

/** What of an order is in the state store, read past the services and past Dapr. */
export interface StoredOrder {
  readonly id: string;
  readonly status: string;
  readonly settledAt?: number;
  /** Changes with every write of the order. */
  readonly version: string;
}

/** The state store as an outsider sees it. */
export interface StateReader {
  /** Every stored order by id. */
  orders(): Promise<Map<string, StoredOrder>>;
  /** Every key of the store, sorted. */
  keys(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A key as Dapr stores it: the application's prefix, then the application's own key. */
const ORDER_KEY = /^(?:[\w.-]+\|\|)?o:(.+)$/;

/** The orders among what a store holds. */
export function storedOrders(
  entries: readonly { readonly key: string; readonly data: string; readonly version: string }[],
): Map<string, StoredOrder> {
  const orders = new Map<string, StoredOrder>();
  for (const { key, data, version } of entries) {
    const id = ORDER_KEY.exec(key)?.[1];
    if (id === undefined) continue;
    const { status, settledAt } = JSON.parse(data) as { status: string; settledAt?: number };
    orders.set(id, { id, status, version, ...(settledAt === undefined ? {} : { settledAt }) });
  }
  return orders;
}

/** Reads what Dapr's Redis store keeps: a hash per key, with `data` and `version`. */
export async function redisState(url: string): Promise<StateReader> {
  const redis = await connectRedis(url);
  const keys = async () => (await redis.keys('*')).toSorted();
  return {
    keys,
    async orders() {
      const orderKeys = (await keys()).filter((key) => ORDER_KEY.test(key));
      const entries = await Promise.all(
        orderKeys.map(async (key) => {
          const { data = 'null', version = '' } = await redis.hGetAll(key);
          return { key, data, version };
        }),
      );
      return storedOrders(entries);
    },
    close: async () => redis.destroy(),
  };
}

/** What became of the orders that were acknowledged. */
export interface Verdict {
  /** Acknowledged and not there. */
  readonly lost: readonly string[];
  /** There and still PENDING, acknowledged or not: whatever is stored must be decided. */
  readonly undecided: readonly string[];
  /** Acknowledged and decided, but not VALIDATED. */
  readonly refused: readonly string[];
  /** How many orders are in each status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Compares the acknowledged ids, all of good orders, with what is stored. */
export function judge(acknowledged: Iterable<string>, orders: ReadonlyMap<string, StoredOrder>): Verdict {
  const statuses: Record<string, number> = {};
  for (const { status } of orders.values()) statuses[status] = (statuses[status] ?? 0) + 1;
  const isRefused = (id: string) => !['PENDING', 'VALIDATED', undefined].includes(orders.get(id)?.status);
  return {
    lost: [...acknowledged].filter((id) => !orders.has(id)),
    undecided: [...orders.values()].filter(({ status }) => status === 'PENDING').map(({ id }) => id),
    refused: [...acknowledged].filter(isRefused),
    statuses,
  };
}

/** Orders that were settled in `before` and are not exactly the same in `after`: a verdict given twice. */
export function decidedAgain(
  before: ReadonlyMap<string, StoredOrder>,
  after: ReadonlyMap<string, StoredOrder>,
): readonly string[] {
  return [...before.values()].flatMap((old) => {
    const now = after.get(old.id);
    if (old.status === 'PENDING') return [];
    const same = now?.status === old.status && now.settledAt === old.settledAt && now.version === old.version;
    return same ? [] : [`${old.id}: ${JSON.stringify(old)} became ${JSON.stringify(now)}`];
  });
}
