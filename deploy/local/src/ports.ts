import { createServer, type Server } from 'node:net';

/** The services, in the order of their ports. */
export const services = ['order', 'consumer', 'restaurant', 'notification'] as const;
export type ServiceName = (typeof services)[number];

/** Every process listens here and nowhere else. */
export const loopback = '127.0.0.1';

/** Ports that a platform takes from its base upwards. */
export const portSpan = 1_000;
/** Replicas that fit between the ports of two services. */
export const maxReplicas = 10;

export interface ReplicaPorts {
  readonly app: number;
  readonly daprHttp: number;
  readonly daprGrpc: number;
  readonly daprInternal: number;
  readonly daprMetrics: number;
}

/** The ports of replica `replica` (from 1) of a service and its sidecar. */
export function replicaPorts(base: number, service: ServiceName, replica: number): ReplicaPorts {
  const app = base + 100 * services.indexOf(service) + 10 * (replica - 1);
  return { app, daprHttp: app + 1, daprGrpc: app + 2, daprInternal: app + 3, daprMetrics: app + 4 };
}

export const statePort = (base: number): number => base + 900;
export const brokerPort = (base: number): number => base + 901;
/** Of a broker that needs a second one. */
export const controllerPort = (base: number): number => base + 902;

/** Listens on this port; undefined if somebody does already. */
function take(port: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ port, host: loopback, exclusive: true }, () => resolve(server));
  });
}

/** Whether nobody listens on this port. */
export async function isFree(port: number): Promise<boolean> {
  const server = await take(port);
  if (server === undefined) return false;
  await new Promise((closed) => server.close(closed));
  return true;
}

/** Ports above 1023 that `fetch` and browsers refuse to call (Fetch Standard, "bad port"): nobody would find the process ready. */
const refusedByFetch: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080,
]);

/** Throws one error that names every port that can't be used and the process that wanted it. */
export async function requireFree(wanted: readonly { process: string; port: number }[]): Promise<void> {
  const checked = await Promise.all(wanted.map(async (item) => ({ ...item, free: await isFree(item.port) })));
  const lines = checked.flatMap(({ process: owner, port, free }) => {
    if (refusedByFetch.has(port))
      return [`port ${port}, which ${owner} needs, is one that fetch and browsers refuse to call`];
    return free ? [] : [`port ${port}, which ${owner} needs, is taken by another program`];
  });
  if (lines.length === 0) return;
  throw new Error(`${lines.join('\n')}\nChoose other ports with --port-base N (now from N to N + ${portSpan - 1}).`);
}

/** Bases of platforms that nobody chose ports for: below the ports that the system hands out. */
const lowestBase = 11_000;
const bases = 21;

/**
 * A base from which a whole platform fits now. Nobody else finds the same one as long as this process lives: it listens on the
 * last port of the range, which no process needs, and which the system takes back however this process ends.
 */
export async function findPortBase(): Promise<number> {
  const first = Math.floor(Math.random() * bases);
  for (let tried = 0; tried < bases; tried++) {
    const base = lowestBase + portSpan * ((first + tried) % bases);
    const reserved = await take(base + portSpan - 1);
    if (reserved === undefined) continue;
    const apps = services.map((service) => replicaPorts(base, service, 1).app);
    const sample = [...apps, statePort(base), brokerPort(base)];
    if ((await Promise.all(sample.map(isFree))).every(Boolean)) {
      reserved.unref();
      return base;
    }
    reserved.close();
  }
  throw new Error(`no free ports from ${lowestBase} to ${lowestBase + portSpan * bases - 1}`);
}
