import { readOrders } from '@standing-order/loadtest/checker';
import { withStateStore } from '@standing-order/loadtest/cluster/state-store';
import type { OrderLine } from '@standing-order/loadtest/request-log';
import type { Cluster } from './cluster.ts';
import { RELEASE } from './release.ts';

/** How long an order may stay PENDING after a fault has ended. */
export const DECIDED_WITHIN_MS = 120_000;

/** Passes the URL of the release's own state store, on a forwarded port. */
export const withStore = <T>(cluster: Cluster, work: (url: string) => Promise<T>): Promise<T> =>
  withStateStore(cluster, RELEASE, work);

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
