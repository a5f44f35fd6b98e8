import { readOrders } from '@standing-order/loadtest/checker';
import type { OrderLine } from '@standing-order/loadtest/request-log';
import type { Cluster } from './cluster.ts';
import { RELEASE } from './release.ts';

/** How long an order may stay PENDING after a fault has ended. */
export const DECIDED_WITHIN_MS = 120_000;

/** Forwards a port to the release's own state store, Redis or PostgreSQL, and passes its URL to `work`. */
export async function withStore<T>(cluster: Cluster, work: (url: string) => Promise<T>): Promise<T> {
  const { data } = await cluster.get('secret', `${RELEASE}-state-store`);
  const password = Buffer.from(data.password, 'base64').toString('utf8');
  const isPostgresql = data.connectionString !== undefined;
  return cluster.forward(`pod/${RELEASE}-state-store-0`, isPostgresql ? 5_432 : 6_379, (port) =>
    work(
      isPostgresql
        ? `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
        : `redis://:${password}@127.0.0.1:${port}`,
    ),
  );
}

/** The ids of the orders that are still PENDING. Rejects if an order is not stored. */
export async function findUndecided(cluster: Cluster, orders: readonly OrderLine[]): Promise<string[]> {
  const stored = new Map((await withStore(cluster, readOrders)).map(({ id, status }) => [id, status]));
  const ids = orders.map(({ id, key }) => id ?? key);
  const lost = ids.filter((id) => !stored.has(id));
  if (lost.length > 0)
    throw new Error(`${lost.length} acknowledged orders are not stored: ${lost.slice(0, 5).join(', ')}`);
  return ids.filter((id) => stored.get(id) === 'PENDING');
}

/** Rejects if an order is not stored, or not decided within two minutes. */
export async function waitUntilDecided(cluster: Cluster, orders: readonly OrderLine[]): Promise<void> {
  await cluster.waitFor(
    'every order is decided',
    async () => {
      const undecided = await findUndecided(cluster, orders);
      if (undecided.length > 0) throw new Error(`${undecided.length} PENDING: ${undecided.slice(0, 5).join(', ')}`);
      return true;
    },
    DECIDED_WITHIN_MS,
  );
}
