import { resolve } from 'node:path';
import type { Cluster } from './cluster.ts';

const minute = 60_000;
export const CHART = resolve(import.meta.dirname, '../../charts/standing-order');
/** The name that README's commands use. */
export const RELEASE = 'shop';
const OWN = `app.kubernetes.io/instance=${RELEASE}`;

/** Values as `--set-json` takes them. */
export type Values = Readonly<Record<string, unknown>>;

const settings = (values: Values): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** Installs the chart and waits until all of it is ready. */
export const install = (cluster: Cluster, values: Values, chart: string = CHART): Promise<string> =>
  cluster.helm(['install', RELEASE, chart, '--wait', '--timeout', '5m', ...settings(values)], {
    deadlineMs: 6 * minute,
  });

/** Upgrades the release, keeping its values but for these, and waits until all of it is ready. */
export const upgrade = (cluster: Cluster, values: Values): Promise<string> =>
  cluster.helm(
    ['upgrade', RELEASE, CHART, '--reset-then-reuse-values', '--wait', '--timeout', '5m', ...settings(values)],
    {
      deadlineMs: 6 * minute,
    },
  );

/** A container as the API server tells of it, as far as it is read here. */
interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: {
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** The pods of one component of the release, or of all. */
export async function pods(cluster: Cluster, component?: string): Promise<readonly Pod[]> {
  const selector = component === undefined ? OWN : `${OWN},app.kubernetes.io/component=${component}`;
  const running = ['pods', '--selector', selector, '--field-selector', 'status.phase=Running'];
  return (await cluster.get(...running)).items;
}

/** The services of the release: the components that are Deployments. */
export async function services(cluster: Cluster): Promise<string[]> {
  const { items } = await cluster.get('deployments', '--selector', OWN);
  const name = ({ metadata }: Pod) => metadata.labels['app.kubernetes.io/component'] ?? '';
  return items.map(name).toSorted();
}

/** What keeps pods of the namespace from being ready, in words; empty: nothing. */
export async function troubles(cluster: Cluster): Promise<string> {
  const { items } = await cluster.get('pods');
  const told = (items as Pod[]).flatMap(({ metadata, status }) =>
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(
      ({ name, ready, restartCount, state }) =>
        ready
          ? []
          : [`${metadata.name}/${name}: ${state?.waiting?.reason ?? 'not ready'}, restarted ${restartCount} times`],
    ),
  );
  return told.join('; ');
}

/** What is not as it must be in a pod of a service: its application and its sidecar, native or not, ready. */
export function faultOf(pod: Pod): string | undefined {
  const all = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
  if (!all.some(({ name }) => name === 'daprd')) return `${pod.metadata.name} has no sidecar`;
  const late = all.find(({ ready }) => !ready);
  return late && `${late.name} of ${pod.metadata.name} is not ready`;
}

/** A value of a secret of the release. */
export async function secret(cluster: Cluster, name: string, key: string): Promise<string> {
  const { data } = await cluster.get('secret', `${RELEASE}-${name}`);
  return Buffer.from(data[key], 'base64').toString('utf8');
}

/** Waits until the pods of a Deployment or StatefulSet are the ones that are wanted, and ready. */
export const rolledOut = (cluster: Cluster, workload: string): Promise<string> =>
  cluster.kubectl(['rollout', 'status', workload, '--timeout', '180s'], { deadlineMs: 4 * minute });

/** Every object of the release in its namespace, as KIND/NAME. */
export async function leftovers(cluster: Cluster): Promise<string[]> {
  const kinds = await cluster.kubectl(['api-resources', '--namespaced', '--verbs=list', '--output=name']);
  const listed = kinds.split('\n').filter((kind) => kind !== '' && !/^(events|.*\.metrics\.k8s\.io)/.test(kind));
  const found = await cluster.kubectl([
    'get',
    listed.join(','),
    '--selector',
    OWN,
    '--ignore-not-found',
    '--output=name',
  ]);
  return found
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

/** Removes the release; its pods are gone when this resolves. */
export async function uninstall(cluster: Cluster): Promise<void> {
  await cluster.helm(['uninstall', RELEASE, '--wait', '--timeout', '3m']);
  await cluster.kubectl(['wait', '--for=delete', 'pod', '--selector', OWN, '--timeout=120s'], {
    deadlineMs: 3 * minute,
  });
}
