import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Resource } from './resource.ts';
import type { Configurations } from './source.ts';

/** The files from which the sidecars of one platform read their settings. */
export interface DaprFiles {
  readonly resources: string;
  readonly configuration: string;
  /** Of the sidecars that the order service invokes. */
  readonly invokedConfiguration: string;
  readonly names: string;
}

/** The paths of these files in a data directory, whether or not they exist. */
export function daprFiles(dataDir: string): DaprFiles {
  const dir = join(dataDir, 'dapr');
  return {
    resources: join(dir, 'resources'),
    configuration: join(dir, 'configuration.yaml'),
    invokedConfiguration: join(dir, 'configuration-without-mtls.yaml'),
    names: join(dir, 'names.db'),
  };
}

/** Writes every resource into a file of its own: Dapr silently ignores a Resiliency that is the second document of a file. */
export async function writeDaprFiles(
  files: DaprFiles,
  resources: readonly Resource[],
  configurations: Configurations,
): Promise<void> {
  await rm(files.resources, { recursive: true, force: true });
  // A sidecar would call the addresses of stopped sidecars until they time out.
  await Promise.all(['', '-wal', '-shm'].map((end) => rm(`${files.names}${end}`, { force: true })));
  await mkdir(files.resources, { recursive: true, mode: 0o700 });
  const write = (path: string, content: Resource) => writeFile(path, stringify(content), { mode: 0o600 });
  await Promise.all([
    write(files.configuration, configurations.configuration),
    write(files.invokedConfiguration, configurations.invokedConfiguration),
    ...resources.map((resource) =>
      write(join(files.resources, `${resource.kind.toLowerCase()}-${resource.metadata.name}.yaml`), resource),
    ),
  ]);
}

/** Makes every sidecar reload its resources now and retry failed components. By itself a sidecar does so every minute. */
export async function nudgeSidecars({ resources }: Pick<DaprFiles, 'resources'>): Promise<void> {
  // Sidecars watch the folder: a file that is created and removed is enough.
  const note = join(resources, 'store-is-up');
  await writeFile(note, '');
  // Two stores that start at the same moment both remove it.
  await rm(note, { force: true });
}
