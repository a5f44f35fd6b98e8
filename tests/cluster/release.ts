import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Cluster } from './cluster.ts';
import { installFlags } from './readme.ts';

const MINUTE_MS = 60_000;
export const CHART = resolve(import.meta.dirname, '../../charts/standing-order');
/** The release name in README's commands. */
export const RELEASE = 'shop';
const RELEASE_LABEL = `app.kubernetes.io/instance=${RELEASE}`;

/** Reads the image of a store or a broker from the chart's values. */
export async function chartImage(value: string): Promise<string> {
  const text = await readFile(join(CHART, 'values.yaml'), 'utf8');
  const image = new RegExp(`^${value}: (\\S+)$`, 'm').exec(text)?.[1];
  if (image === undefined) throw new Error(`the chart has no value ${value}`);
  return image;
}

/** Values for `--set-json`. */
export type Values = Readonly<Record<string, unknown>>;

/** The flags of helm for these values. */
export const valueFlags = (values: Values): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** Installs the chart with README's flags, which wait until every pod is ready. First removes the release of an earlier check, with its data. */
export async function install(cluster: Cluster, values: Values, chart: string = CHART): Promise<void> {
  await cluster.helm(['uninstall', RELEASE, '--ignore-not-found', '--wait', '--timeout', '3m']);
  await deleteKeptData(cluster);
  await cluster.helm(['install', RELEASE, chart, ...(await installFlags()), ...valueFlags(values)], {
    deadlineMs: 6 * MINUTE_MS,
  });
}

/** Upgrades the release, changes only the given values, and waits until every new pod is ready and every old pod has ended. */
export async function upgradeRelease(cluster: Cluster, values: Values): Promise<void> {
  await cluster.helm(
    ['upgrade', RELEASE, CHART, '--reset-then-reuse-values', '--wait', '--timeout', '5m', ...valueFlags(values)],
    { deadlineMs: 6 * MINUTE_MS },
  );
  const haveEnded = async () => {
    const pods = await listPods(cluster, { selector: RELEASE_LABEL });
    const terminating = pods.filter(({ metadata }) => metadata.deletionTimestamp);
    if (terminating.length > 0) throw new Error(`${terminating.length} old pods are still terminating`);
    return true;
  };
  await cluster.waitFor('the old pods end', haveEnded, 90_000);
}

/** The fields of a container's status that this test reads. */
interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string } };
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    /** Set while the pod terminates. */
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** Selects pods. */
export interface PodSelection {
  readonly selector: string;
  /** Default: the namespace of the test. */
  readonly namespace?: string;
}

/** Selects the pods of one component of the release. */
export const componentPods = (component: string): PodSelection => ({
  selector: `${RELEASE_LABEL},app.kubernetes.io/component=${component}`,
});

const namespaceFlags = ({ namespace }: PodSelection): string[] =>
  namespace === undefined ? [] : ['--namespace', namespace];

/** The running pods of a selection. */
export async function listPods(cluster: Cluster, selection: PodSelection): Promise<readonly Pod[]> {
  const flags = ['--selector', selection.selector, '--field-selector', 'status.phase=Running'];
  return (await cluster.get('pods', ...flags, ...namespaceFlags(selection))).items;
}

/** The names of the release's services: the components that are Deployments, but for the pod of the fill levels. */
export async function listServices(cluster: Cluster): Promise<string[]> {
  const selector = `${RELEASE_LABEL},app.kubernetes.io/component!=store-metrics`;
  const { items } = await cluster.get('deployments', '--selector', selector);
  const name = ({ metadata }: Pod) => metadata.labels['app.kubernetes.io/component'] ?? '';
  return items.map(name).toSorted();
}

/** Describes every container of the namespace that is not ready; empty if all are. */
export async function notReadyReasons(cluster: Cluster): Promise<string> {
  const { items } = await cluster.get('pods');
  const reasons = (items as Pod[]).flatMap(({ metadata, status }) =>
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].flatMap(
      ({ name, ready, restartCount, state }) =>
        ready
          ? []
          : [`${metadata.name}/${name}: ${state?.waiting?.reason ?? 'not ready'}, restarted ${restartCount} times`],
    ),
  );
  return reasons.join('; ');
}

const containersOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status.containerStatuses ?? []),
  ...(status.initContainerStatuses ?? []),
];

export const hasSidecar = (pod: Pod): boolean => containersOf(pod).some(({ name }) => name === 'daprd');

/** Describes the first container of a pod that is not ready, or returns undefined. */
export function notReadyContainer(pod: Pod): string | undefined {
  const container = containersOf(pod).find(({ ready }) => !ready);
  return container && `${container.name} of ${pod.metadata.name} is not ready`;
}

const REPLACED_WITHIN_MS = 180_000;

/** Deletes a pod of each selection at once, as `kubectl drain` does, and waits until their replacements are ready. */
export async function replaceOneOfEach(cluster: Cluster, selections: readonly PodSelection[]): Promise<void> {
  const before = await Promise.all(selections.map((selection) => listPods(cluster, selection)));
  const deleted = new Set<string>();
  for (const [index, selection] of selections.entries()) {
    const pod = before[index]?.[0];
    if (pod === undefined) throw new Error(`no pod matches ${selection.selector}`);
    deleted.add(pod.metadata.uid);
    await cluster.kubectl(['delete', 'pod', pod.metadata.name, '--wait=false', ...namespaceFlags(selection)]);
  }
  const areReplaced = async () => {
    for (const [index, selection] of selections.entries()) {
      const pods = await listPods(cluster, selection);
      if (pods.some(({ metadata }) => deleted.has(metadata.uid))) throw new Error('a deleted pod is still running');
      const notReady = pods.map(notReadyContainer).find(Boolean);
      if (notReady !== undefined) throw new Error(notReady);
      const missing = (before[index]?.length ?? 0) - pods.length;
      if (missing > 0) throw new Error(`${missing} pods of ${selection.selector} are missing`);
    }
    return true;
  };
  await cluster.waitFor('the deleted pods are replaced', areReplaced, REPLACED_WITHIN_MS);
}

/** Waits until a Deployment has all its replicas, up to date and ready. */
export const waitForRollout = (cluster: Cluster, deployment: string): Promise<string> =>
  cluster.kubectl(['rollout', 'status', deployment, '--timeout', '180s'], { deadlineMs: 4 * MINUTE_MS });

/** Lists every object of the release in its namespace, as KIND/NAME. */
async function listObjects(cluster: Cluster): Promise<string[]> {
  const kinds = await cluster.kubectl(['api-resources', '--namespaced', '--verbs=list', '--output=name']);
  const listed = kinds.split('\n').filter((kind) => kind !== '' && !/^(events|.*\.metrics\.k8s\.io)/.test(kind));
  const flags = ['--selector', RELEASE_LABEL, '--ignore-not-found', '--output=name'];
  const found = await cluster.kubectl(['get', listed.join(','), ...flags]);
  return found
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

/** Removes the release and waits until its pods have ended. */
async function uninstall(cluster: Cluster): Promise<void> {
  await cluster.helm(['uninstall', RELEASE, '--wait', '--timeout', '3m']);
  await cluster.kubectl(['wait', '--for=delete', 'pod', '--selector', RELEASE_LABEL, '--timeout=120s'], {
    deadlineMs: 3 * MINUTE_MS,
  });
}

/**
 * Removes the release, and resolves to the objects that remain: its volumes, and their passwords and keys. Rejects if another
 * object remains, or if one of these is removed.
 */
export async function uninstallAndCompare(cluster: Cluster): Promise<string[]> {
  const before = await listObjects(cluster);
  await uninstall(cluster);
  const kept = before.filter((name) =>
    /^(persistentvolumeclaim\/|secret\/.*-(state-store|broker|webhook-keys)$)/.test(name),
  );
  const remaining = await cluster.waitFor(
    'all other objects of the release are removed',
    async () => {
      const objects = await listObjects(cluster);
      const others = objects.filter((name) => !kept.includes(name));
      if (others.length > 0) throw new Error(`not removed: ${others.join(', ')}`);
      return objects;
    },
    60_000,
  );
  const lost = kept.filter((name) => !remaining.includes(name));
  if (kept.length === 0 || lost.length > 0)
    throw new Error(`removed, but must be kept: ${lost.join(', ') || 'volumes'}`);
  return remaining;
}

/** Deletes the data with the command in the chart's notes. */
export const deleteKeptData = (cluster: Cluster): Promise<string> =>
  cluster.kubectl(['delete', 'persistentvolumeclaim,secret', '--selector', RELEASE_LABEL]);
