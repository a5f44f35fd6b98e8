import { join, resolve } from 'node:path';
import { type Resource, readResource, readResources, withSettings } from './resource.ts';

export type StoreKind = 'redis' | 'postgresql';
export type BrokerKind = 'redis' | 'kafka';

/** The folder with the Dapr resources of the repository. */
export const DAPR_FOLDER = resolve(import.meta.dirname, '../../../dapr');

interface Addresses {
  /** Redis: host:port. PostgreSQL: a connection string. */
  readonly store: string;
  /** host:port. */
  readonly broker: string;
}

/** The resources of a platform with this state store and this broker, at these addresses. */
export async function platformResources(
  store: StoreKind,
  broker: BrokerKind,
  addresses: Addresses,
): Promise<readonly Resource[]> {
  const folders = [`state/${store}`, `pubsub/${broker}`, 'subscriptions', 'resiliency'];
  const resources = (await Promise.all(folders.map((folder) => readResources(join(DAPR_FOLDER, folder))))).flat();
  const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    state: { [store === 'redis' ? 'redisHost' : 'connectionString']: addresses.store },
    messages: { [broker === 'redis' ? 'redisHost' : 'brokers']: addresses.broker },
  };
  return resources.map((resource) =>
    resource.kind === 'Component' ? withSettings(resource, settings[resource.metadata.name] ?? {}) : resource,
  );
}

/** The configurations of a platform's sidecars. */
export interface Configurations {
  readonly configuration: Resource;
  /** Of the sidecars that the order service invokes. */
  readonly invokedConfiguration: Resource;
}

/**
 * The configurations of a platform's sidecars. `names` is the file in which they find each other. `otlpEndpoint` is the URL of the
 * collector that the services export their spans to. Without the sidecars' spans, a call from one service to another is two traces.
 */
export async function platformConfigurations(names: string, otlpEndpoint?: string): Promise<Configurations> {
  const of = async (file: string): Promise<Resource> => {
    const configuration = await readResource(join(DAPR_FOLDER, file));
    const { tracing, nameResolution, ...spec } = configuration.spec as Record<string, object>;
    return {
      ...configuration,
      spec: {
        ...spec,
        tracing: { ...tracing, ...(otlpEndpoint && { otel: collector(new URL(otlpEndpoint)) }) },
        nameResolution: { ...nameResolution, configuration: { connectionString: escapePath(names) } },
      },
    };
  };
  return {
    configuration: await of('configuration.yaml'),
    invokedConfiguration: await of('configuration-without-mtls.yaml'),
  };
}

/** The path in a URI, which Dapr passes to SQLite: with such a character unescaped, SQLite would open another file, or none. */
const escapePath = (path: string): string => path.replace(/[%?#]/g, encodeURIComponent);

const collector = ({ host, protocol }: URL) => ({
  endpointAddress: host,
  isSecure: protocol === 'https:',
  protocol: 'http',
});
