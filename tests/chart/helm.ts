import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { resolveTool } from '@standing-order/tools';
import { parseAllDocuments } from 'yaml';

/** A Kubernetes object as Helm rendered it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by kind, and a missing field fails the test that reads it.
  readonly [field: string]: any;
}

/** Values by their top-level key in values.yaml. */
export type Values = Readonly<Record<string, unknown>>;

const chart = fileURLToPath(new URL('../../charts/standing-order', import.meta.url));
const rendered = new Map<string, Promise<readonly KubernetesObject[]>>();

/** The release name in the tests. */
export const release = 'so';
const namespace = 'shop';

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

/** Every object of the chart with these values, as YAML. Rejects with the message of the chart. */
export const renderText = (values: Values = {}, name = release): Promise<string> =>
  helm(['template', name, chart], values);

/** Every object of an upgrade of a release with these values. */
export const renderUpgrade = async (values: Values = {}): Promise<readonly KubernetesObject[]> =>
  readObjects(await helm(['template', release, chart, '--is-upgrade'], values));

/**
 * The inconsistencies that the chart finds for an upgrade with these values in the cluster whose API server has this URL. Helm looks up
 * the kinds of the rendered objects there only after it has rendered them, so that any other fault is not the chart's.
 */
export async function faultsInCluster(apiServer: string, values: Values): Promise<string> {
  const cluster = ['--is-upgrade', '--dry-run=server', '--kube-apiserver', apiServer, '--kube-token', 'x'];
  try {
    await helm(['template', release, chart, ...cluster], values);
    return '';
  } catch (error) {
    const { message } = error as Error;
    if (message.includes('unable to build kubernetes objects')) return '';
    return message;
  }
}

/** Every object of the chart with its default values, rendered from a package in this folder. */
export async function renderPackage(folder: string): Promise<readonly KubernetesObject[]> {
  const output = await run(['package', chart, '--destination', folder]);
  return readObjects(
    await run(['template', release, output.trim().split(': ').at(-1) as string, '--namespace', namespace]),
  );
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
  const output = await helm(['install', release, chart, '--dry-run=client'], values);
  return output.slice(output.indexOf('\nNOTES:'));
}

function readObjects(text: string): KubernetesObject[] {
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

/** The application's container in the pods of a service. */
export const containerOf = (objects: readonly KubernetesObject[], service: string) =>
  one(objects, 'Deployment', `${release}-${service}`).spec.template.spec.containers[0];

/** The value of an environment variable of a service; undefined without it. */
export const variable = (objects: readonly KubernetesObject[], service: string, name: string): string | undefined =>
  containerOf(objects, service).env.find((entry: { name: string }) => entry.name === name)?.value;
