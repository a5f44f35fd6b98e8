import { createServer, type Server } from 'node:net';

/** The services, in the order of their ports. */
export const SERVICES = ['order', 'consumer', 'restaurant', 'notification'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The only address on which a process listens. */
export const LOOPBACK = '127.0.0.1';

/** Number of ports that a platform uses, from its base upwards. */
export const PORT_SPAN = 1_000;
/** Maximum replicas of a service: the ports of the next service follow. */
export const MAX_REPLICAS = 10;

export interface ReplicaPorts {
  readonly app: number;
  readonly daprHttp: number;
  readonly daprGrpc: number;
  readonly daprInternal: number;
  readonly daprMetrics: number;
}

/** The ports of replica `replica` (from 1) of a service and its sidecar. */
export function replicaPorts(base: number, service: ServiceName, replica: number): ReplicaPorts {
  const app = base + 100 * SERVICES.indexOf(service) + 10 * (replica - 1);
  return { app, daprHttp: app + 1, daprGrpc: app + 2, daprInternal: app + 3, daprMetrics: app + 4 };
}

export const statePort = (base: number): number => base + 900;
export const brokerPort = (base: number): number => base + 901;
/** Port of Kafka's controller. */
export const controllerPort = (base: number): number => base + 902;

/** Listens on a port; undefined if the port is in use. */
function reserve(port: number, host = LOOPBACK): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

/** True if no program listens on the port. Rejects if this machine does not have the address. */
export async function isFree(port: number, host = LOOPBACK): Promise<boolean> {
  const server = await reserve(port, host);
  if (server === undefined) return false;
  await new Promise((closed) => server.close(closed));
  return true;
}

/** Ports above 1023 that `fetch` and browsers refuse to call (Fetch Standard, "bad port"): no probe could reach the process. */
const REFUSED_BY_FETCH: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
]);

/** Throws one error with every port that cannot be used and the process that needs it. */
export async function requireFree(wanted: readonly { process: string; port: number }[]): Promise<void> {
  const checked = await Promise.all(wanted.map(async (item) => ({ ...item, free: await isFree(item.port) })));
  const lines = checked.flatMap(({ process: owner, port, free }) => {
    if (REFUSED_BY_FETCH.has(port)) return [`port ${port}, which ${owner} needs, is refused by fetch and browsers`];
    return free ? [] : [`port ${port}, which ${owner} needs, is in use by another program`];
  });
  if (lines.length === 0) return;
  throw new Error(
    `${lines.join('\n')}\nChoose other ports with --port-base N: ports N to N + ${PORT_SPAN - 1} are used.`,
  );
}

/** Port bases of tests: below the ephemeral ports of the system. */
const LOWEST_BASE = 11_000;
const BASES = 21;

/**
 * Finds a port base with free ports for a whole platform. No other process finds the same base while this process lives: it
 * listens on the last port of the range, which no process uses and which the system frees when this process ends.
 */
export async function findPortBase(): Promise<number> {
  const first = Math.floor(Math.random() * BASES);
  for (let tried = 0; tried < BASES; tried++) {
    const base = LOWEST_BASE + PORT_SPAN * ((first + tried) % BASES);
    const reserved = await reserve(base + PORT_SPAN - 1);
    if (reserved === undefined) continue;
    const apps = SERVICES.map((service) => replicaPorts(base, service, 1).app);
    const sample = [...apps, statePort(base), brokerPort(base)];
    if ((await Promise.all(sample.map((port) => isFree(port)))).every(Boolean)) {
      reserved.unref();
      return base;
    }
    reserved.close();
  }
  throw new Error(`no free ports from ${LOWEST_BASE} to ${LOWEST_BASE + PORT_SPAN * BASES - 1}`);
}
