import { connectRedis } from './redis.ts';

/** The fields of a stored order that the tests read, past the services and past Dapr. */
export interface StoredOrder {
  readonly id: string;
  readonly status: string;
  readonly settledAt?: number;
  /** Changes with every write of the order. */
  readonly version: string;
}

/** Reads the state store directly. */
export interface StateReader {
  /** Every stored order by id. */
  orders(): Promise<Map<string, StoredOrder>>;
  /** Every key of the store, sorted. */
  keys(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A key as Dapr stores it: the application's prefix, then the application's own key. */
const ORDER_KEY = /^(?:[\w.-]+\|\|)?o:(.+)$/;

/** The orders among the entries of a store. */
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

/** Reads the keys of Dapr's Redis store: a hash per key, with `data` and `version`. */
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

/** The state of the acknowledged orders in the store. */
export interface StoreComparison {
  /** Acknowledged and not stored. */
  readonly lost: readonly string[];
  /** Stored and still PENDING, acknowledged or not: every stored order must be decided. */
  readonly undecided: readonly string[];
  /** Acknowledged and decided, but not VALIDATED. */
  readonly refused: readonly string[];
  /** Number of orders by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Compares the acknowledged ids, all of good orders, with the stored orders. */
export function compareWithStore(
  acknowledged: Iterable<string>,
  orders: ReadonlyMap<string, StoredOrder>,
): StoreComparison {
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

/** Orders that were decided in `before` and differ in `after`: they were decided twice. */
export function ordersDecidedTwice(
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
