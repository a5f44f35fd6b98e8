import type { ProcessSpec } from '@standing-order/local/processes/spec';
import { inheritedEnv } from '@standing-order/local/processes/spec';
import { answersOk } from '@standing-order/local/wait';
import { resolveTool } from '@standing-order/tools';

const HOST = '127.0.0.1';
const TIMEOUT_MS = 5_000;

/** The program of the proxy; its API listens on `port`. The proxies' own ports follow. */
export async function toxiproxySpec(port: number): Promise<ProcessSpec> {
  return {
    name: 'toxiproxy',
    kind: 'store',
    ports: [port],
    program: {
      file: await resolveTool('toxiproxy-server'),
      args: ['-host', HOST, '-port', String(port)],
      env: { ...inheritedEnv(), LOG_LEVEL: 'warn' },
    },
    alive: answersOk(`http://${HOST}:${port}/version`),
    ready: answersOk(`http://${HOST}:${port}/version`),
    stopSignal: 'SIGTERM',
    stopDeadlineMs: 5_000,
  };
}

/** A running toxiproxy, by its HTTP API. */
export interface Toxiproxy {
  /** Forwards connections to `port` to the port `to`. */
  forward(name: string, port: number, to: number): Promise<void>;
  /** Delays each response by `ms`. */
  delay(name: string, ms: number): Promise<void>;
  /** Lets no byte pass. Connections stay open. */
  cut(name: string): Promise<void>;
  /** Ends delay and cut of one proxy. */
  heal(name: string): Promise<void>;
}

export function createToxiproxy(port: number): Toxiproxy {
  const send = async (method: string, path: string, body?: object): Promise<Response> => {
    const response = await fetch(`http://${HOST}:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok)
      throw new Error(`toxiproxy: ${method} ${path} failed: ${response.status} ${await response.text()}`);
    return response;
  };
  const add = (name: string, toxic: { type: string; stream: string; attributes: object }) =>
    send('POST', `/proxies/${name}/toxics`, { name: `${toxic.type}-${toxic.stream}`, ...toxic });
  return {
    async forward(name, listen, to) {
      await send('POST', '/proxies', { name, listen: `${HOST}:${listen}`, upstream: `${HOST}:${to}` });
    },
    async delay(name, ms) {
      await add(name, { type: 'latency', stream: 'downstream', attributes: { latency: ms } });
    },
    async cut(name) {
      for (const stream of ['upstream', 'downstream'])
        await add(name, { type: 'timeout', stream, attributes: { timeout: 0 } });
    },
    async heal(name) {
      const toxics = (await (await send('GET', `/proxies/${name}/toxics`)).json()) as { name: string }[];
      for (const toxic of toxics) await send('DELETE', `/proxies/${name}/toxics/${toxic.name}`);
    },
  };
}
