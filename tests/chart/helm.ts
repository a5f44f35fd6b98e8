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
  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by kind, and what is not there fails the test that reads it.
  readonly [field: string]: any;
}

/** Values by their first name, as in values.yaml. */
export type Values = Readonly<Record<string, unknown>>;

const chart = fileURLToPath(new URL('../../charts/standing-order', import.meta.url));
const rendered = new Map<string, Promise<readonly KubernetesObject[]>>();

/** The name that the tests install the chart under. */
export const release = 'so';
const namespace = 'shop';

async function helm(args: readonly string[], values: Values): Promise<string> {
  const settings = Object.entries(values).flatMap(([name, value]) => [
    '--set-json',
    `${name}=${JSON.stringify(value)}`,
  ]);
  const all = [...args, '--namespace', namespace, ...settings];
  try {
    return (await promisify(execFile)(await resolveTool('helm'), all, { timeout: 60_000, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    throw new Error((error as { readonly stderr: string }).stderr, { cause: error });
  }
}

/** The services of a release, which is what their Deployments are named after. */
export const services = ['consumer', 'notification', 'order', 'restaurant'];

/** What the chart makes of these values: YAML with every object. Rejects with what the chart says against them. */
export const renderText = (values: Values = {}, name = release): Promise<string> =>
  helm(['template', name, chart], values);

/** All objects of a release with these values; the same values are rendered once. */
export function render(values: Values = {}): Promise<readonly KubernetesObject[]> {
  const key = JSON.stringify(values);
  const known = rendered.get(key) ?? renderText(values).then(readObjects);
  rendered.set(key, known);
  return known;
}

/** What a user reads after the installation. */
export async function notes(values: Values = {}): Promise<string> {
  const said = await helm(['install', release, chart, '--dry-run=client'], values);
  return said.slice(said.indexOf('\nNOTES:'));
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

/** The one object of this kind and name. */
export function one(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const [found, ...more] = ofKind(objects, kind).filter((object) => object.metadata.name === name);
  if (found === undefined || more.length > 0) throw new Error(`${found ? 'several' : 'no'} ${kind} ${name}`);
  return found;
}

/** The application's container in the pods of a service. */
export const containerOf = (objects: readonly KubernetesObject[], service: string) =>
  one(objects, 'Deployment', `${release}-${service}`).spec.template.spec.containers[0];

/** An environment variable of a service; undefined if it has none of that name. */
export const variable = (objects: readonly KubernetesObject[], service: string, name: string): string | undefined =>
  containerOf(objects, service).env.find((entry: { name: string }) => entry.name === name)?.value;
