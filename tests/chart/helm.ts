import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { resolveTool } from '@standing-order/tools';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from './kubernetes-object.ts';
import { startStandIn } from './stand-in.ts';

export type { KubernetesObject };

/** Values by their top-level key in values.yaml. */
export type Values = Readonly<Record<string, unknown>>;

/** The folder of the chart. */
export const CHART = fileURLToPath(new URL('../../charts/standing-order', import.meta.url));
const rendered = new Map<string, Promise<readonly KubernetesObject[]>>();

/** The release name in the tests. */
export const release = 'so';
const namespace = 'shop';

/** The cluster that the charts are rendered for: a namespace without any objects. */
const emptyCluster = startStandIn();

const inCluster = async ({ url } = {} as { url?: string }): Promise<string[]> => [
  '--dry-run=server',
  '--disable-openapi-validation',
  '--kube-apiserver',
  url ?? (await emptyCluster).url,
];

async function helm(args: readonly string[], values: Values): Promise<string> {
  const settings = Object.entries(values).flatMap(([name, value]) => [
    '--set-json',
    `${name}=${JSON.stringify(value)}`,
  ]);
  return run([...args, '--namespace', namespace, ...settings]);
}

async function run(args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(await resolveTool('helm'), args, { timeout: 60_000, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    throw new Error((error as { readonly stderr: string }).stderr, { cause: error });
  }
}

/** The services of a release; their Deployments have these names after the prefix. */
export const services = ['consumer', 'notification', 'order', 'restaurant'];

/** Every object that an installation with these values creates, as YAML. Rejects with the message of the chart. */
export const renderText = async (values: Values = {}, name = release): Promise<string> =>
  helm(['template', name, CHART, ...(await inCluster())], values);

/** The same without a cluster, as Argo CD and `helm template` render. */
export const renderOffline = (values: Values = {}): Promise<string> => helm(['template', release, CHART], values);

/** The objects of an upgrade in a cluster with these objects. */
export async function renderUpgrade(values: Values = {}, existing: readonly KubernetesObject[] = [], folder = CHART) {
  const cluster = await startStandIn();
  cluster.setObjects(existing.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } })));
  try {
    return readObjects(
      await helm(['template', release, folder, '--is-upgrade', ...(await inCluster(cluster))], values),
    );
  } finally {
    cluster.close();
  }
}

/** What to render in an empty cluster: a chart, by default this one, as a release with values. */
interface ChartToRender {
  readonly folder?: string;
  readonly name?: string;
  readonly values?: Values;
}

/** The objects of any chart. */
export async function renderChart({ folder = CHART, name = release, values = {} }: ChartToRender) {
  return { objects: readObjects(await helm(['template', name, folder, ...(await inCluster())], values)) };
}

/** Packages the chart into a folder. */
export async function packageChart(folder: string): Promise<{ readonly path: string; readonly version: string }> {
  const output = await run(['package', CHART, '--destination', folder]);
  const path = output.trim().split(': ').at(-1) as string;
  return { path, version: /-([0-9.]+)\.tgz$/.exec(path)?.[1] as string };
}

/** All objects of a release with these values. Equal values are rendered once. */
export function render(values: Values = {}): Promise<readonly KubernetesObject[]> {
  const key = JSON.stringify(values);
  const known = rendered.get(key) ?? renderText(values).then(readObjects);
  rendered.set(key, known);
  return known;
}

/** The notes that a user reads after the installation. */
export async function notes(values: Values = {}): Promise<string> {
  const output = await helm(['install', release, CHART, ...(await inCluster())], values);
  return output.slice(output.indexOf('\nNOTES:'));
}

/** The objects in YAML that Helm rendered. */
export function readObjects(text: string): KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return (document.toJS() as KubernetesObject | null) ?? [];
  });
}

/** The objects of one kind. */
export const ofKind = (objects: readonly KubernetesObject[], kind: string): KubernetesObject[] =>
  objects.filter((object) => object.kind === kind);

/** The only object of this kind and name. */
export function one(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const [found, ...more] = ofKind(objects, kind).filter((object) => object.metadata.name === name);
  if (found === undefined || more.length > 0) throw new Error(`${found ? 'several' : 'no'} ${kind} ${name}`);
  return found;
}

/** The Deployments of the services, whose pods have a sidecar. */
export const deploymentsOfServices = (objects: readonly KubernetesObject[]): KubernetesObject[] =>
  ofKind(objects, 'Deployment').filter(({ metadata }) => services.includes(metadata.name.replace(/^.*?-/, '')));

/** The application's container in the pods of a service. */
export const containerOf = (objects: readonly KubernetesObject[], service: string) =>
  one(objects, 'Deployment', `${release}-${service}`).spec.template.spec.containers[0];

/** The value of an environment variable of a service; undefined without it. */
export const variable = (objects: readonly KubernetesObject[], service: string, name: string): string | undefined =>
  containerOf(objects, service).env.find((entry: { name: string }) => entry.name === name)?.value;
