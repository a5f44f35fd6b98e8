import { join, resolve } from 'node:path';
import type { Resource } from './dapr/resource.ts';
import type { BrokerKind, StoreKind } from './dapr/source.ts';
import { maxReplicas, portSpan, type ServiceName, services } from './ports.ts';

/** What a platform is made of. Everything but the directory has a default. */
export interface PlatformOptions {
  /** Holds the stores, the logs and the settings that are made; one platform at a time. */
  readonly dataDir: string;
  /** First of the ports that the platform takes; default 4000. */
  readonly portBase?: number;
  /** Default redis. */
  readonly store?: StoreKind;
  /** Default redis. */
  readonly broker?: BrokerKind;
  /** Default one each, and no notification service: the others do not need it, and a test that does says so. */
  readonly replicas?: Partial<Record<ServiceName, number>>;
  /** Environment variables of a service, over those that the platform sets. */
  readonly env?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Flags of a service's sidecars, over those that the platform sets. */
  readonly sidecarFlags?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Main modules to run in place of the services' own. */
  readonly main?: Partial<Record<ServiceName, string>>;
  /** Changes the Dapr resources before they are written. */
  readonly resources?: (resources: readonly Resource[]) => readonly Resource[];
  /** Throw away what an earlier run left in the directory. */
  readonly clean?: boolean;
  /** For everything to be ready; default 120 s. Building tools comes on top. */
  readonly startDeadlineMs?: number;
  /** Gives up, and takes down what has been started. */
  readonly signal?: AbortSignal;
  /** Hears what happens, a line at a time: also of a process that ended by itself. */
  readonly onProgress?: (line: string) => void;
}

export type Settings = Required<Omit<PlatformOptions, 'replicas' | 'env' | 'sidecarFlags' | 'main'>> & {
  readonly replicas: Readonly<Record<ServiceName, number>>;
  readonly env: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly sidecarFlags: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly main: Readonly<Record<ServiceName, string>>;
};

const root = resolve(import.meta.dirname, '../../..');

/** Where `npm start` keeps its data. */
export const defaultDataDir = join(root, '.standing-order', 'local');

/** A Unix socket's path cannot be longer everywhere. */
const maxSocketPath = 103;
export const socketPath = (dataDir: string): string => join(dataDir, 'control.sock');

/** Fills in the defaults. */
export function settingsOf(options: PlatformOptions): Settings {
  return {
    portBase: 4000,
    store: 'redis',
    broker: 'redis',
    resources: (resources) => resources,
    clean: false,
    startDeadlineMs: 120_000,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
    dataDir: resolve(options.dataDir),
    replicas: forEachService((name) => options.replicas?.[name] ?? leastReplicas(name)),
    env: forEachService((name) => options.env?.[name] ?? {}),
    sidecarFlags: forEachService((name) => options.sidecarFlags?.[name] ?? {}),
    main: forEachService((name) => options.main?.[name] ?? join(root, 'services', name, 'src', 'main.ts')),
  };
}

/** Everything that is wrong with the settings, a sentence each. */
export function faultsOf({ dataDir, portBase, store, broker, replicas }: Settings): string[] {
  const faults: string[] = [];
  const highest = 65_536 - portSpan;
  if (!Number.isInteger(portBase) || portBase < 1024 || portBase > highest)
    faults.push(`port base: ${portBase} is no integer from 1024 to ${highest}`);
  if (store !== 'redis' && store !== 'postgresql') faults.push(`store: "${store}" is neither redis nor postgresql`);
  if (broker !== 'redis' && broker !== 'kafka') faults.push(`broker: "${broker}" is neither redis nor kafka`);
  for (const [name, count] of Object.entries(replicas))
    if (!Number.isInteger(count) || count < leastReplicas(name) || count > maxReplicas)
      faults.push(`replicas: ${name}=${count} is no integer from ${leastReplicas(name)} to ${maxReplicas}`);
  if (Buffer.byteLength(socketPath(dataDir)) > maxSocketPath)
    faults.push(`data directory: its path is too long for a socket in it (${dataDir})`);
  return faults;
}

const leastReplicas = (name: string): number => (name === 'notification' ? 0 : 1);

function forEachService<T>(value: (name: ServiceName) => T): Record<ServiceName, T> {
  return Object.fromEntries(services.map((name) => [name, value(name)])) as Record<ServiceName, T>;
}
