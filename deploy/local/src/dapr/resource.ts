import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';

/** One Dapr resource, as in a YAML document. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: 'Component' | 'Subscription' | 'Resiliency' | 'Configuration';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly scopes?: readonly string[];
}

/** An item of a component's metadata. */
interface Setting {
  readonly name: string;
  readonly value: string;
}

/** Reads the resource of a YAML file. Rejects a file with more than one document: Dapr silently ignores a second Resiliency. */
export async function readResource(path: string): Promise<Resource> {
  const document = parseDocument(await readFile(path, 'utf8'));
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`, { cause: error });
  return document.toJS() as Resource;
}

/** Reads the resources of a folder, one per YAML file. */
export async function readResources(folder: string): Promise<Resource[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  return Promise.all(files.map((file) => readResource(join(folder, file))));
}

/** The metadata items of a component. */
export const settingsOf = ({ spec }: Resource): readonly Setting[] => spec.metadata as readonly Setting[];

/** The component with other values for items of its metadata. Throws for an item that the component does not have. */
export function withSettings(component: Resource, values: Readonly<Record<string, string>>): Resource {
  const settings = settingsOf(component);
  for (const name of Object.keys(values)) {
    if (settings.some((setting) => setting.name === name)) continue;
    throw new Error(`the component ${component.metadata.name} has no setting ${name}`);
  }
  const metadata = settings.map(({ name, value }) => ({ name, value: values[name] ?? value }));
  return { ...component, spec: { ...component.spec, metadata } };
}
