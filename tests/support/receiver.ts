import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll } from 'vitest';

/** A delivery that arrived. */
export interface Arrived {
  /** `webhook-id` */
  readonly id: string;
  readonly orderId: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The status of the response. */
  readonly status: number;
}

/** A webhook receiver on loopback. */
export interface Receiver {
  readonly url: string;
  readonly arrived: readonly Arrived[];
  /** The status of its next responses; default 200. */
  answer: number;
  /** Orders whose events had a valid signature for this secret and were answered with 200. */
  taken(secret: string): ReadonlySet<string>;
  /** Closes its port. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Starts a receiver; it ends after the tests of this file. */
export async function startReceiver(): Promise<Receiver> {
  const arrived: Arrived[] = [];
  let server: Server | undefined;
  let port = 0;

  async function up(): Promise<void> {
    server = createServer(async (request, response) => {
      const headers = request.headers as Record<string, string>;
      const body = await text(request);
      const status = receiver.answer;
      arrived.push({
        id: String(headers['webhook-id']),
        orderId: JSON.parse(body).data.orderId,
        body,
        headers,
        status,
      });
      response.writeHead(status).end();
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }

  async function down(): Promise<void> {
    const ending = server;
    server = undefined;
    if (!ending) return;
    ending.close();
    ending.closeAllConnections();
    await once(ending, 'close');
  }

  await up();
  afterAll(down);
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    arrived,
    answer: 200,
    taken(secret) {
      const webhook = new Webhook(secret);
      const good = arrived.filter(({ status, body, headers }) => status === 200 && verifies(webhook, body, headers));
      return new Set(good.map(({ orderId }) => orderId));
    },
    down,
    up,
  };
  return receiver;
}

export function verifies(webhook: Webhook, body: string, headers: Readonly<Record<string, string>>): boolean {
  try {
    webhook.verify(body, headers);
    return true;
  } catch {
    return false;
  }
}
