import type { Store } from '../ports.ts';
import { parseRegistry, REGISTRY_KEY, type Registry, registryValue } from '../storage-format.ts';

/** Maximum number of attempts to add a name while other writers change the registry. */
const MAX_ATTEMPTS = 8;

/** The registry as it was read, with the ETag that a change of it needs. */
export interface RegistryEntry {
  readonly registry: Registry;
  readonly etag: string;
}

/** Reads the registry. Undefined when no writer has ever registered. Throws when the store cannot be read. */
export const readRegistry = async (store: Store): Promise<RegistryEntry | undefined> => {
  const stored = (await store.read([REGISTRY_KEY])).get(REGISTRY_KEY);
  return stored === undefined ? undefined : { registry: parseRegistry(stored.value), etag: stored.etag };
};

/** Adds a name to the registry unless it is there. Returns whether the name was missing. Throws when the store is down. */
export const ensureRegistered = async (store: Store, name: string): Promise<boolean> => {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const entry = await readRegistry(store);
    if (entry === undefined) {
      const json = JSON.stringify(registryValue({ revision: 1, writers: [name], extra: {} }));
      await store.transact([{ op: 'insert', key: REGISTRY_KEY, json }]);
      continue;
    }
    const { registry, etag } = entry;
    if (registry.writers.includes(name)) return attempt > 0;
    await writeRegistry(store, registry, [...registry.writers, name], etag);
  }
  throw new Error('the writer could not be added to the registry');
};

/** Removes a name from the registry. Returns the outcome of the write; a conflict is repeated by a later scan. */
export const removeFromRegistry = (store: Store, { registry, etag }: RegistryEntry, name: string) =>
  writeRegistry(
    store,
    registry,
    registry.writers.filter((writer) => writer !== name),
    etag,
  );

const writeRegistry = (store: Store, registry: Registry, writers: readonly string[], etag: string) =>
  store.write([
    { key: REGISTRY_KEY, value: registryValue({ ...registry, revision: registry.revision + 1, writers }), etag },
  ]);
