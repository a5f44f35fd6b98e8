import { join } from 'node:path';
import { type Resource, readResource, settingsOf } from '../../src/dapr/resource.ts';
import { DAPR_FOLDER } from '../../src/dapr/source.ts';

/** The brokers with components in deploy/dapr. */
export const BROKERS = ['redis', 'kafka'] as const;

/** Reads the resource of a file in deploy/dapr. */
export const readDaprFile = (path: string): Promise<Resource> => readResource(join(DAPR_FOLDER, path));

/** The values of a component's metadata by name. */
export const valuesOf = (component: Resource): Readonly<Record<string, string>> =>
  Object.fromEntries(settingsOf(component).map(({ name, value }) => [name, value]));
