import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from './kubernetes-object.ts';

/** A stand-in for the API server of a cluster: as much as Helm reads to render a chart. */
export interface StandIn {
  readonly url: string;
  /** Replaces the objects that exist. Their names and namespaces are in their metadata. */
  setObjects(objects: readonly KubernetesObject[]): void;
  close(): void;
}

/** The API versions and kinds that the chart may contain. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['ConfigMap', 'Pod', 'Secret', 'Service', 'ServiceAccount'],
  'apps/v1': ['Deployment', 'StatefulSet'],
  'autoscaling/v2': ['HorizontalPodAutoscaler'],
  'batch/v1': ['Job'],
  'dapr.io/v1alpha1': ['Component', 'Configuration', 'Resiliency'],
  'dapr.io/v2alpha1': ['Subscription'],
  'keda.sh/v1alpha1': ['ScaledObject', 'TriggerAuthentication'],
  'monitoring.coreos.com/v1': ['PrometheusRule', 'ServiceMonitor'],
  'networking.k8s.io/v1': ['NetworkPolicy'],
  'policy/v1': ['PodDisruptionBudget'],
};
const pathOf = (apiVersion: string) => `/${apiVersion === 'v1' ? 'api' : 'apis'}/${apiVersion}`;
const resourceOf = (kind: string) => kind.toLowerCase().replace(/y$/, 'ie').concat('s');

/** Starts a stand-in without any objects. Its process ends with that of the test. */
export async function startStandIn(): Promise<StandIn> {
  let objects: readonly KubernetesObject[] = [];
  const server = createServer((request, response) => {
    const body = answer(request, objects);
    response.writeHead(body.kind === 'Status' ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setObjects: (existing) => {
      objects = existing;
    },
    close: () => server.close(),
  };
}

function answer(
  { url = '' }: IncomingMessage,
  objects: readonly KubernetesObject[],
): Readonly<Record<string, unknown>> {
  const [path = ''] = url.split('?');
  if (path === '/version') return { major: '1', minor: '35', gitVersion: 'v1.35.4' };
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() };
  for (const [apiVersion, kinds] of Object.entries(KINDS)) {
    if (path === pathOf(apiVersion)) return resourceList(apiVersion, kinds);
    for (const kind of kinds) {
      const collection = new RegExp(`^${pathOf(apiVersion)}/namespaces/([^/]+)/${resourceOf(kind)}(?:/(.+))?$`);
      const [, namespace, name] = collection.exec(path) ?? [];
      if (namespace === undefined) continue;
      const items = objects.filter((object) => object.kind === kind && object.metadata.namespace === namespace);
      if (name === undefined) return { kind: `${kind}List`, apiVersion, metadata: {}, items };
      return items.find(({ metadata }) => metadata.name === name) ?? NOT_FOUND;
    }
  }
  return NOT_FOUND;
}

const NOT_FOUND = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };

function groups() {
  const versions = Object.keys(KINDS).filter((apiVersion) => apiVersion.includes('/'));
  const all = versions.map((groupVersion) => {
    const [name = '', version = ''] = groupVersion.split('/');
    return { name, version: { groupVersion, version } };
  });
  return [...new Set(all.map(({ name }) => name))].map((name) => {
    const own = all.filter((each) => each.name === name).map(({ version }) => version);
    return { name, versions: own, preferredVersion: own[0] };
  });
}

function resourceList(groupVersion: string, kinds: readonly string[]) {
  const resources = kinds.map((kind) => ({ kind, name: resourceOf(kind), namespaced: true, verbs: ['get', 'list'] }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
