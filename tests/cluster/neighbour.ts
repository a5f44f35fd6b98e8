import { call, concurrently } from '../support/client.ts';
import { bodyFor, FORGED_ID, ROUTES, type Route, WITHOUT_ID } from '../support/routes.ts';
import type { Cluster } from './cluster.ts';
import { RELEASE } from './release.ts';
import { startStandIn } from './stand-in.ts';

/** The port of a sidecar's HTTP API. */
const SIDECAR_PORT = 3500;
const AT_A_TIME = 8;
const NEIGHBOUR = { name: 'neighbour', port: 8080, program: 'neighbour.mjs' };

/** An application can leave the header in which its sidecar names it, forge the header, or have it removed. */
const HEADERS: readonly Readonly<Record<string, string>>[] = [{}, FORGED_ID, WITHOUT_ID];

/** A call of a route of a service through a sidecar. */
export interface Invocation extends Route {
  readonly headers: Readonly<Record<string, string>>;
}

/** Every route of every service, and every topic's delivery, with every method and every set of headers. */
export const everyInvocation = (): readonly Invocation[] =>
  ROUTES.flatMap((route) => HEADERS.map((headers) => ({ ...route, headers })));

/**
 * Calls every route of every service from a pod with a sidecar of its own and another app id. All are refused, and the order
 * service's sidecar may make its call. The pod has the labels of the release, so that no NetworkPolicy stops it first.
 */
export async function checkInvocations(cluster: Cluster, image: string): Promise<string> {
  const annotations = {
    'dapr.io/enabled': 'true',
    'dapr.io/app-id': NEIGHBOUR.name,
    // The pod has no token of a service account, without which this secret store fails and ends the sidecar.
    'dapr.io/disable-builtin-k8s-secret-store': 'true',
  };
  const labels = { 'app.kubernetes.io/name': 'standing-order', 'app.kubernetes.io/instance': RELEASE };
  try {
    await startStandIn(cluster, { ...NEIGHBOUR, image, annotations, labels });
    const invocations = everyInvocation();
    const allowed = await cluster.forward(`pod/${NEIGHBOUR.name}`, SIDECAR_PORT, (port) =>
      findAllowed(invocations, (invocation) => invoke(port, invocation)),
    );
    if (allowed.length > 0) throw new Error(`not refused: ${allowed.slice(0, 20).join(', ')}`);
    const status = await invokeAsOrder(cluster);
    if (status !== 200) throw new Error(`the call of the order service was answered with ${status}`);
    return `${invocations.length} calls of a neighbour are refused, and that of the order service is not`;
  } finally {
    await cluster.kubectl(['delete', `pod/${NEIGHBOUR.name}`, `service/${NEIGHBOUR.name}`, '--ignore-not-found']);
  }
}

async function invoke(port: number, invocation: Invocation): Promise<number> {
  const { service, method, path, headers } = invocation;
  const url = `http://127.0.0.1:${port}/v1.0/invoke/${service}/method${path}`;
  return (await call(method, url, bodyFor(invocation), headers)).status;
}

/** Reads the changes of the consumers through the sidecar of an order pod. */
async function invokeAsOrder(cluster: Cluster): Promise<number> {
  const { data } = await cluster.get('secret', `${RELEASE}-dapr-api-token`);
  const headers = { 'dapr-api-token': Buffer.from(data.token, 'base64').toString() };
  return cluster.forward(`deployment/${RELEASE}-order`, SIDECAR_PORT, (port) =>
    invoke(port, { method: 'POST', service: 'consumer', path: '/changes', headers }),
  );
}

/** The invocations that were not refused with 401 or 403, each with its status. */
export async function findAllowed(
  invocations: readonly Invocation[],
  send: (invocation: Invocation) => Promise<number>,
): Promise<string[]> {
  const answers = await concurrently(invocations.length, AT_A_TIME, async (index) => {
    const invocation = invocations[index] as Invocation;
    const status = await send(invocation);
    return status === 401 || status === 403
      ? []
      : [`${status} ${invocation.service}: ${invocation.method} ${invocation.path}`];
  });
  return answers.flat();
}
