import { join, resolve } from 'node:path';
import { httpUrl } from '@standing-order/service-kit/config/http-url';
import type { Resource } from './dapr/resource.ts';
import type { BrokerKind, StoreKind } from './dapr/source.ts';
import { MAX_REPLICAS, PORT_SPAN, SERVICES, type ServiceName } from './ports.ts';
import type { Program } from './processes/spec.ts';

/** The settings of a platform. Every setting but the directory has a default. */
export interface PlatformOptions {
  /** Directory of the stores' data, the logs and the generated files; for one platform at a time. */
  readonly dataDir: string;
  /** First of the thousand ports that the platform uses; default 4000. */
  readonly portBase?: number;
  /** Default redis. */
  readonly store?: StoreKind;
  /** Default redis. */
  readonly broker?: BrokerKind;
  /** Default: one each, and no notification service, because the other services run without it. */
  readonly replicas?: Partial<Record<ServiceName, number>>;
  /** Ports of proxies on this machine between the sidecars and the stores. Default: no proxy. */
  readonly storeProxies?: { readonly state?: number; readonly broker?: number };
  /** Environment variables of a service, over those that the platform sets. */
  readonly env?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Flags of a service's sidecars, over those that the platform sets. */
  readonly sidecarFlags?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>;
  /** Main modules to run in place of the services' own. */
  readonly main?: Partial<Record<ServiceName, string>>;
  /** Properties of the Kafka broker, over those that the platform sets. */
  readonly kafka?: Readonly<Record<string, string | number>>;
  /** Changes the program of a process, such as to start it inside a limit. */
  readonly program?: (process: string, program: Program) => Program;
  /** Changes the Dapr resources before they are written. */
  readonly resources?: (resources: readonly Resource[]) => readonly Resource[];
  /** Delete the data of an earlier run in the directory. */
  readonly clean?: boolean;
  /** Deadline for everything to be ready, without building tools; default 120 s. */
  readonly startDeadlineMs?: number;
  /** Aborts the start, and stops every started process. */
  readonly signal?: AbortSignal;
  /** Called with each line of progress, and with each process that ended by itself. */
  readonly onProgress?: (line: string) => void;
}

export type Settings = Required<Omit<PlatformOptions, 'replicas' | 'env' | 'sidecarFlags' | 'main'>> & {
  readonly replicas: Readonly<Record<ServiceName, number>>;
  readonly env: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly sidecarFlags: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>;
  readonly main: Readonly<Record<ServiceName, string>>;
};

const ROOT = resolve(import.meta.dirname, '../../..');

/** The data directory of `npm start`. */
export const DEFAULT_DATA_DIR = join(ROOT, '.standing-order', 'local');

/** Maximum length of a Unix socket's path on all systems, in bytes. */
const MAX_SOCKET_PATH = 103;
/** The socket on which the platform of a data directory receives requests about its processes. */
export const socketPath = (dataDir: string): string => join(dataDir, 'control.sock');

/** Fills in the defaults. */
export function settingsOf(options: PlatformOptions): Settings {
  return {
    portBase: 4000,
    store: 'redis',
    broker: 'redis',
    storeProxies: {},
    kafka: {},
    program: (_, program) => program,
    resources: (resources) => resources,
    clean: false,
    startDeadlineMs: 120_000,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
    dataDir: resolve(options.dataDir),
    replicas: forEachService((name) => options.replicas?.[name] ?? minReplicas(name)),
    env: forEachService((name) => options.env?.[name] ?? {}),
    sidecarFlags: forEachService((name) => options.sidecarFlags?.[name] ?? {}),
    main: forEachService((name) => options.main?.[name] ?? join(ROOT, 'services', name, 'src', 'main.ts')),
  };
}

/** The variables of `npm start` with a receiver of traces. Services and sidecars inherit them. */
const RECEIVER_VARIABLES = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] as const;

/** One sentence for each invalid setting, and for each inherited variable that is invalid. */
export function faultsOf({ dataDir, portBase, store, broker, replicas }: Settings): string[] {
  const faults = RECEIVER_VARIABLES.flatMap((name) => {
    const { error } = httpUrl.optional().safeParse(process.env[name] || undefined);
    return (error?.issues ?? []).map(({ message }) => `${name} ${message}`);
  });
  const highest = 65_536 - PORT_SPAN;
  if (!Number.isInteger(portBase) || portBase < 1024 || portBase > highest)
    faults.push(`--port-base must be an integer between 1024 and ${highest}`);
  if (store !== 'redis' && store !== 'postgresql') faults.push(`--store must be redis or postgresql, not "${store}"`);
  if (broker !== 'redis' && broker !== 'kafka') faults.push(`--broker must be redis or kafka, not "${broker}"`);
  for (const [name, count] of Object.entries(replicas))
    if (!Number.isInteger(count) || count < minReplicas(name) || count > MAX_REPLICAS)
      faults.push(
        `--replicas: ${name} must be an integer between ${minReplicas(name)} and ${MAX_REPLICAS}, not ${count}`,
      );
  if (Buffer.byteLength(socketPath(dataDir)) > MAX_SOCKET_PATH)
    faults.push(`--data-dir: the path is too long for a socket in it (${dataDir})`);
  return faults;
}

const minReplicas = (name: string): number => (name === 'notification' ? 0 : 1);

function forEachService<T>(value: (name: ServiceName) => T): Record<ServiceName, T> {
  return Object.fromEntries(SERVICES.map((name) => [name, value(name)])) as Record<ServiceName, T>;
}
