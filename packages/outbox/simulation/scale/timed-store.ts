import type { Operation, Store, WriteItem } from '../../src/ports.ts';
import { hash } from '../../src/util/hash.ts';
import type { Simulator } from '../simulator.ts';
import type { SimStore } from '../store.ts';
import type { Server } from './server.ts';
import { ASSUMED_MS, CALLS, costOf, DOCUMENT_IN_REDIS } from './service-times.ts';

/** An application and its sidecar, each with a processor of its own. */
export interface Pod {
  readonly node: Server;
  readonly sidecar: Server;
}

/** The state store, on one or more servers, with the keys spread over them. */
export interface StoreServers {
  readonly simulator: Simulator;
  readonly content: SimStore;
  readonly servers: readonly Server[];
  /** Documents read, written or deleted. */
  operations: number;
  /** Calls of order services. */
  calls: number;
}

export const wait = (simulator: Simulator, ms: number): Promise<void> =>
  new Promise((resolve) => {
    simulator.schedule(ms, resolve);
  });

/** The work of the store for these keys. */
export async function useStore(
  stores: StoreServers,
  keys: readonly string[],
  kind: keyof typeof DOCUMENT_IN_REDIS,
): Promise<void> {
  const { simulator, servers } = stores;
  stores.operations += keys.length;
  await wait(simulator, ASSUMED_MS.hop);
  const counts = servers.map(() => 0);
  for (const key of keys) {
    const at = hash(key) % servers.length;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const work = counts.map((count, at) =>
    count === 0 ? undefined : servers[at]?.work(count * DOCUMENT_IN_REDIS[kind]),
  );
  await Promise.all(work);
}

/** The work of the application and its sidecar for one call. */
export async function useSidecar({ node, sidecar }: Pod, call: keyof typeof CALLS, items: number): Promise<void> {
  await node.work(costOf(CALLS[call].node, items));
  await sidecar.work(costOf(CALLS[call].sidecar, items));
}

/** The store as the outbox of one pod uses it: without faults, but each call takes the time of every processor on its way. */
export function createTimedStore(stores: StoreServers, pod: Pod): Store {
  const { simulator, content } = stores;
  async function call<T>(
    name: 'transact' | 'read' | 'write' | 'remove',
    keys: readonly string[],
    kind: keyof typeof DOCUMENT_IN_REDIS,
    apply: () => T,
  ): Promise<T> {
    stores.calls++;
    await useSidecar(pod, name, keys.length);
    await useStore(stores, keys, kind);
    const result = apply();
    await wait(simulator, ASSUMED_MS.hop);
    return result;
  }
  return {
    transact: (operations: readonly Operation[]) => {
      const keys = operations.map(({ key }) => key);
      const kind = operations.every(({ op }) => op === 'delete') ? 'remove' : 'write';
      return call('transact', keys, kind, () => (content.transact(operations) ? 'committed' : 'unknown'));
    },
    read: (keys) => call('read', keys, 'read', () => content.read(keys)),
    write: (items: readonly WriteItem[]) =>
      call(
        'write',
        items.map(({ key }) => key),
        'write',
        () => (items.map((item) => content.compareAndSet(item)).every(Boolean) ? 'written' : 'conflict'),
      ),
    remove: (key) =>
      call('remove', [key], 'remove', () => {
        content.delete(key);
        return 'written';
      }),
    etagAfter: (etag) => String(Number(etag ?? 0) + 1),
  };
}
