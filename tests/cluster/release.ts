import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Cluster } from './cluster.ts';
import { installFlags } from './readme.ts';

const minute = 60_000;
export const CHART = resolve(import.meta.dirname, '../../charts/standing-order');
/** The name that README's commands use. */
export const RELEASE = 'shop';
const OWN = `app.kubernetes.io/instance=${RELEASE}`;

/** The image of a store or a broker that the chart has in its values. */
export async function chartImage(value: string): Promise<string> {
  const text = await readFile(join(CHART, 'values.yaml'), 'utf8');
  const image = new RegExp(`^${value}: (\\S+)$`, 'm').exec(text)?.[1];
  if (image === undefined) throw new Error(`the chart has no ${value}`);
  return image;
}

/** Values as `--set-json` takes them. */
export type Values = Readonly<Record<string, unknown>>;

const settings = (values: Values): string[] =>
  Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);

/** Installs the chart with README's flags, which wait until all of it is ready. A release that another check has left goes first, with its data. */
export async function install(cluster: Cluster, values: Values, chart: string = CHART): Promise<void> {
  await cluster.helm(['uninstall', RELEASE, '--ignore-not-found', '--wait', '--timeout', '3m']);
  await removeWhatIsKept(cluster);
  await cluster.helm(['install', RELEASE, chart, ...(await installFlags()), ...settings(values)], {
    deadlineMs: 6 * minute,
  });
}

/** Upgrades the release, keeping its values but for these, and waits until all of it is ready and every old pod has ended. */
export async function upgrade(cluster: Cluster, values: Values): Promise<void> {
  await cluster.helm(
    ['upgrade', RELEASE, CHART, '--reset-then-reuse-values', '--wait', '--timeout', '5m', ...settings(values)],
    { deadlineMs: 6 * minute },
  );
  const ended = async () => {
    const going = (await pods(cluster, { selector: OWN })).filter(({ metadata }) => metadata.deletionTimestamp);
    if (going.length > 0) throw new Error(`${going.length} pods of before are still there`);
    return true;
  };
  await cluster.eventually('the old pods end', ended, 90_000);
}

/** A container as the API server tells of it, as far as it is read here. */
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
    /** Set while it goes. */
    readonly deletionTimestamp?: string;
  };
  readonly status: {
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** Which pods are meant. */
export interface Selection {
  readonly selector: string;
  /** Default: the test's own. */
  readonly namespace?: string;
}

/** The pods of one component of the release. */
export const ofComponent = (component: string): Selection => ({
  selector: `${OWN},app.kubernetes.io/component=${component}`,
});

const inNamespace = ({ namespace }: Selection): string[] => (namespace === undefined ? [] : ['--namespace', namespace]);

/** The pods that run. */
export async function pods(cluster: Cluster, selection: Selection): Promise<readonly Pod[]> {
  const flags = ['--selector', selection.selector, '--field-selector', 'status.phase=Running'];
  return (await cluster.get('pods', ...flags, ...inNamespace(selection))).items;
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

const containersOf = ({ status }: Pod): readonly ContainerStatus[] => [
  ...(status.containerStatuses ?? []),
  ...(status.initContainerStatuses ?? []),
];

export const hasSidecar = (pod: Pod): boolean => containersOf(pod).some(({ name }) => name === 'daprd');

/** Which container of a pod is not ready, if one is not. */
export function lateIn(pod: Pod): string | undefined {
  const late = containersOf(pod).find(({ ready }) => !ready);
  return late && `${late.name} of ${pod.metadata.name} is not ready`;
}

const REPLACED_WITHIN_MS = 180_000;

/** Deletes a pod of each selection at once, as a drained node or a person would, and waits until others are ready in their place. */
export async function replaceOneOfEach(cluster: Cluster, selections: readonly Selection[]): Promise<void> {
  const before = await Promise.all(selections.map((selection) => pods(cluster, selection)));
  const victims = new Set<string>();
  for (const [index, selection] of selections.entries()) {
    const pod = before[index]?.[0];
    if (pod === undefined) throw new Error(`there is no pod of ${selection.selector}`);
    victims.add(pod.metadata.uid);
    await cluster.kubectl(['delete', 'pod', pod.metadata.name, '--wait=false', ...inNamespace(selection)]);
  }
  const replaced = async () => {
    for (const [index, selection] of selections.entries()) {
      const all = await pods(cluster, selection);
      if (all.some(({ metadata }) => victims.has(metadata.uid))) throw new Error('a deleted pod is still there');
      const late = all.map(lateIn).find(Boolean);
      if (late !== undefined) throw new Error(late);
      const missing = (before[index]?.length ?? 0) - all.length;
      if (missing > 0) throw new Error(`${missing} pods of ${selection.selector} are missing`);
    }
    return true;
  };
  await cluster.eventually('other pods are there', replaced, REPLACED_WITHIN_MS);
}

/** Waits until the pods of a Deployment are the ones that are wanted, and ready. */
export const rolledOut = (cluster: Cluster, deployment: string): Promise<string> =>
  cluster.kubectl(['rollout', 'status', deployment, '--timeout', '180s'], { deadlineMs: 4 * minute });

/** Every object of the release in its namespace, as KIND/NAME. */
async function leftovers(cluster: Cluster): Promise<string[]> {
  const kinds = await cluster.kubectl(['api-resources', '--namespaced', '--verbs=list', '--output=name']);
  const listed = kinds.split('\n').filter((kind) => kind !== '' && !/^(events|.*\.metrics\.k8s\.io)/.test(kind));
  const flags = ['--selector', OWN, '--ignore-not-found', '--output=name'];
  const found = await cluster.kubectl(['get', listed.join(','), ...flags]);
  return found
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}

/** Removes the release; its pods are gone when this resolves. */
async function uninstall(cluster: Cluster): Promise<void> {
  await cluster.helm(['uninstall', RELEASE, '--wait', '--timeout', '3m']);
  await cluster.kubectl(['wait', '--for=delete', 'pod', '--selector', OWN, '--timeout=120s'], {
    deadlineMs: 3 * minute,
  });
}

/** Removes the release, and resolves to what it leaves: its volumes, and the passwords and keys to them. Rejects if it is less or more. */
export async function uninstallAndCompare(cluster: Cluster): Promise<string[]> {
  const before = await leftovers(cluster);
  await uninstall(cluster);
  const kept = before.filter((name) =>
    /^(persistentvolumeclaim\/|secret\/.*-(state-store|broker|webhook-keys)$)/.test(name),
  );
  const left = await cluster.eventually(
    'what belongs to the release goes',
    async () => {
      const still = await leftovers(cluster);
      const more = still.filter((name) => !kept.includes(name));
      if (more.length > 0) throw new Error(`still there: ${more.join(', ')}`);
      return still;
    },
    60_000,
  );
  const lost = kept.filter((name) => !left.includes(name));
  if (kept.length === 0 || lost.length > 0) throw new Error(`gone too: ${lost.join(', ') || 'volumes'}`);
  return left;
}

/** What the notes of the chart say to lose the data. */
export const removeWhatIsKept = (cluster: Cluster): Promise<string> =>
  cluster.kubectl(['delete', 'persistentvolumeclaim,secret', '--selector', OWN]);
