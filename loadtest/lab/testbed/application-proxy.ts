import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const HOST = '127.0.0.1';

/** An HTTP proxy between a sidecar and its application, which can delay or fail the application's requests. */
export interface ApplicationProxy {
  /** Every response is this much later. 0: no delay. */
  delayMs: number;
  /** The share of requests that is answered 500 and does not reach the application, 0 to 1. */
  failingShare: number;
  close(): Promise<void>;
}

/** Health checks pass unchanged: the faults are those of an application whose own dependency is slow or broken. */
const isHealthCheck = (url: string | undefined): boolean => /^\/(healthz|readyz)/.test(url ?? '');

/** Listens on `port` and forwards to the application at `to`. Every second request fails at a share of 0.5, and so on. */
export async function startApplicationProxy(port: number, to: number): Promise<ApplicationProxy> {
  const agent = new Agent({ keepAlive: true });
  let counted = 0;
  const proxy = {
    delayMs: 0,
    failingShare: 0,
    async close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };

  /** Whether the next request fails: evenly distributed, without chance. */
  function fails(): boolean {
    if (proxy.failingShare === 0) return false;
    counted += 1;
    return Math.floor(counted * proxy.failingShare) > Math.floor((counted - 1) * proxy.failingShare);
  }

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const affected = !isHealthCheck(incoming.url);
    if (affected && fails()) {
      incoming.resume();
      outgoing.writeHead(500).end();
      return;
    }
    const { method, url: path, headers } = incoming;
    const forwarded = request({ host: HOST, port: to, method, path, headers, agent });
    forwarded.once('error', () => outgoing.destroy());
    outgoing.once('close', () => forwarded.destroy());
    forwarded.once('response', async (response) => {
      if (affected && proxy.delayMs > 0) await pause(proxy.delayMs);
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forwarded);
  }

  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  server.listen(port, HOST);
  await once(server, 'listening');
  return proxy;
}
