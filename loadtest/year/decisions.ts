import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The decisions that arrived as webhooks, by order id. */
export interface Decisions {
  readonly url: string;
  /** Status of each decided order. */
  readonly statuses: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Receives the webhooks of decided orders. `onDecided` is called once for each order. */
export async function receiveDecisions(onDecided: (id: string) => void): Promise<Decisions> {
  const statuses = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { orderId, status } = JSON.parse(await text(request)).data as { orderId: string; status: string };
    const isNew = !statuses.has(orderId);
    statuses.set(orderId, status);
    response.writeHead(200).end();
    if (isNew) onDecided(orderId);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    statuses,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
