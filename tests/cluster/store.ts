import { readOrders } from '@standing-order/loadtest/checker';
import type { OrderLine } from '@standing-order/loadtest/request-log';
import type { Cluster } from './cluster.ts';
import { RELEASE } from './release.ts';

/** How long an order may be on its way after whatever was done to the release. */
export const DECIDED_WITHIN_MS = 120_000;

/** Lets `work` reach the release's own state store, whichever it is, by its URL. */
export async function withStore<T>(cluster: Cluster, work: (url: string) => Promise<T>): Promise<T> {
  const { data } = await cluster.get('secret', `${RELEASE}-state-store`);
  const password = Buffer.from(data.password, 'base64').toString('utf8');
  const isPostgresql = data.connectionString !== undefined;
  return cluster.forwarded(`pod/${RELEASE}-state-store-0`, isPostgresql ? 5_432 : 6_379, (port) =>
    work(
      isPostgresql
        ? `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
        : `redis://:${password}@127.0.0.1:${port}`,
    ),
  );
}

/** The ids of those of the orders that nobody has decided yet. Rejects if one is not there. */
export async function undecided(cluster: Cluster, orders: readonly OrderLine[]): Promise<string[]> {
  const stored = new Map((await withStore(cluster, readOrders)).map(({ id, status }) => [id, status]));
  const ids = orders.map(({ id, key }) => id ?? key);
  const lost = ids.filter((id) => !stored.has(id));
  if (lost.length > 0)
    throw new Error(`${lost.length} acknowledged orders are not there: ${lost.slice(0, 5).join(', ')}`);
  return ids.filter((id) => stored.get(id) === 'PENDING');
}

/** Waits until all of these orders are decided. Rejects if one is not there, or still undecided after two minutes. */
export async function decided(cluster: Cluster, orders: readonly OrderLine[]): Promise<void> {
  await cluster.eventually(
    'every order is decided',
    async () => {
      const waiting = await undecided(cluster, orders);
      if (waiting.length > 0) throw new Error(`${waiting.length} wait: ${waiting.slice(0, 5).join(', ')}`);
      return true;
    },
    DECIDED_WITHIN_MS,
  );
}
