import { serveControl } from './control/server.ts';
import { type DaprFiles, daprFiles, nudgeSidecars, writeDaprFiles } from './dapr/files.ts';
import { platformConfigurations, platformResources } from './dapr/source.ts';
import { type Secrets, takeDataDir } from './data-dir.ts';
import { faultsOf, type PlatformOptions, type Settings, settingsOf, socketPath } from './options.ts';
import {
  brokerPort,
  controllerPort,
  LOOPBACK,
  type ReplicaPorts,
  replicaPorts,
  SERVICES,
  type ServiceName,
  statePort,
} from './ports.ts';
import { kafkaProcess } from './processes/kafka.ts';
import { POSTGRESQL_DATABASE, POSTGRESQL_USER, postgresqlProcess } from './processes/postgresql.ts';
import { redisProcess } from './processes/redis.ts';
import { serviceProcess } from './processes/service.ts';
import { sidecarProcess } from './processes/sidecar.ts';
import type { ProcessSpec, ProcessView } from './processes/spec.ts';
import { Supervisor } from './supervisor.ts';
import { findTools, type Tools } from './tools.ts';

/** The ports of a sidecar's two APIs. */
export interface SidecarPorts {
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** A running platform. Every address is on loopback. */
export interface Platform {
  readonly dataDir: string;
  /** Base URLs of each service's replicas. */
  readonly urls: Readonly<Record<ServiceName, readonly string[]>>;
  /** Base URLs of their sidecars' HTTP API; it requires the header `dapr-api-token`. */
  readonly sidecarUrls: Readonly<Record<ServiceName, readonly string[]>>;
  /** The ports of their sidecars' APIs. */
  readonly sidecarPorts: Readonly<Record<ServiceName, readonly SidecarPorts[]>>;
  /** Connection URLs of the state store and the broker. */
  readonly stores: { readonly state: string; readonly broker: string };
  readonly secrets: Secrets;
  processes(): ProcessView[];
  /** Starts a stopped process with the same ports and data. Resolves when the process itself works. */
  start(process: string): Promise<void>;
  /** Sends SIGTERM, and SIGKILL after the process's deadline. */
  stop(process: string): Promise<void>;
  kill(process: string): Promise<void>;
  /** SIGSTOP. */
  pause(process: string): Promise<void>;
  /** SIGCONT. */
  resume(process: string): Promise<void>;
  /** Waits until every running process is ready; rejects with the reason. */
  ready(deadlineMs?: number): Promise<void>;
  /** Stops everything and unlocks the data directory. Call it in every case; it may be called again. */
  close(): Promise<void>;
}

/**
 * Starts the state store and the broker, the services and their sidecars, and resolves when all of them are ready. On failure
 * it stops everything and rejects with the reason and the end of the failed process's log.
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const settings = settingsOf(options);
  const faults = faultsOf(settings);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const tools = await findTools(settings);
  settings.signal.throwIfAborted();
  const dataDir = await takeDataDir(settings.dataDir, settings.clean);
  try {
    return await run(settings, tools, dataDir.secrets, dataDir.release);
  } catch (error) {
    dataDir.release();
    throw error;
  }
}

async function run(settings: Settings, tools: Tools, secrets: Secrets, release: () => void): Promise<Platform> {
  const files = daprFiles(settings.dataDir);
  const resources = await platformResources(settings.store, settings.broker, daprAddresses(settings, secrets));
  const configurations = await platformConfigurations(files.names, process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
  await writeDaprFiles(files, settings.resources(resources), configurations);
  const supervisor = new Supervisor({
    specs: await specsOf(settings, tools, secrets, files),
    dataDir: settings.dataDir,
    startDeadlineMs: settings.startDeadlineMs,
    onProgress: settings.onProgress,
    onStoreUp: () => nudgeSidecars(files),
  });
  const abort = () => void supervisor.close().catch(() => {});
  settings.signal.addEventListener('abort', abort, { once: true });
  try {
    await supervisor.startAll();
    const control = await serveControl(socketPath(settings.dataDir), supervisor);
    return platformOf(settings, secrets, supervisor, async () => {
      await control.close();
      await supervisor.close();
      release();
    });
  } catch (error) {
    await supervisor.close();
    throw settings.signal.aborted ? settings.signal.reason : error;
  } finally {
    settings.signal.removeEventListener('abort', abort);
  }
}

/** The addresses in the form that Dapr's components take. */
function daprAddresses(settings: Settings, secrets: Secrets) {
  const { storeProxies: proxies, portBase } = settings;
  const ports = { state: proxies.state ?? statePort(portBase), broker: proxies.broker ?? brokerPort(portBase) };
  const { state, broker } = storeUrls(settings, secrets, ports);
  return { store: settings.store === 'redis' ? new URL(state).host : state, broker: new URL(broker).host };
}

async function specsOf(settings: Settings, tools: Tools, secrets: Secrets, files: DaprFiles): Promise<ProcessSpec[]> {
  const { dataDir, portBase } = settings;
  const redis = { binary: tools.redis, dataDir };
  const state = { port: statePort(portBase), dataDir, password: secrets.databasePassword };
  const specs = [
    tools.postgres === undefined
      ? redisProcess({ ...redis, name: 'redis-state', port: state.port, appendfsync: 'always' })
      : await postgresqlProcess({ ...state, binary: tools.postgres }),
    tools.kafka === undefined
      ? redisProcess({
          ...redis,
          name: 'redis-broker',
          port: brokerPort(portBase),
          appendfsync: 'everysec',
          // No message is larger; this is the least that Redis can be set to.
          maxValue: '1mb',
        })
      : kafkaProcess({
          binary: tools.kafka.kafka,
          java: tools.kafka.java,
          port: brokerPort(portBase),
          advertisedPort: settings.storeProxies.broker ?? brokerPort(portBase),
          controllerPort: controllerPort(portBase),
          dataDir,
          properties: settings.kafka,
        }),
    ...SERVICES.flatMap((service) => serviceSpecs(service, settings, tools, secrets, files)),
  ];
  return specs.map((spec) => ({ ...spec, program: settings.program(spec.name, spec.program) }));
}

/** The services that the order service invokes. */
const INVOKED: readonly ServiceName[] = ['consumer', 'restaurant'];

function serviceSpecs(
  service: ServiceName,
  settings: Settings,
  tools: Tools,
  secrets: Secrets,
  files: DaprFiles,
): ProcessSpec[] {
  const { broker } = settings;
  const tokens = { dapr: secrets.daprApiToken, app: secrets.appApiToken };
  return replicasOf(settings, service).flatMap((replica) => {
    const name = `${service}-${replica}`;
    const ports = replicaPorts(settings.portBase, service, replica);
    const flags = settings.sidecarFlags[service];
    return [
      serviceProcess({
        name,
        service,
        main: settings.main[service],
        ports,
        tokens,
        env: envOf(service, settings, secrets),
      }),
      sidecarProcess({
        name: `${name}-dapr`,
        binary: tools.daprd,
        appId: service,
        ports,
        tokens,
        broker,
        flags,
        resources: files.resources,
        configuration: INVOKED.includes(service) ? files.invokedConfiguration : files.configuration,
      }),
    ];
  });
}

/** The variables of a service that follow from what the platform is made of, and those that are given over them. */
function envOf(
  service: ServiceName,
  { env, replicas, broker }: Settings,
  { webhookKey, orderTokenKey }: Secrets,
): Readonly<Record<string, string>> {
  switch (service) {
    case 'order':
      return {
        BROKER: broker,
        NOTIFICATIONS: replicas.notification > 0 ? 'on' : 'off',
        ORDER_TOKEN_KEYS: orderTokenKey,
        ...env.order,
      };
    case 'notification':
      // A local receiver is on the same machine.
      return {
        WEBHOOKS_ALLOW_HTTP: 'on',
        WEBHOOKS_ALLOW_ADDRESSES: `${LOOPBACK}/32`,
        WEBHOOK_SECRET_KEYS: webhookKey,
        ...env.notification,
      };
    default:
      return env[service];
  }
}

function replicasOf(settings: Settings, service: ServiceName): number[] {
  return Array.from({ length: settings.replicas[service] }, (_, index) => index + 1);
}

function platformOf(
  settings: Settings,
  secrets: Secrets,
  supervisor: Supervisor,
  close: () => Promise<void>,
): Platform {
  const forReplicas = <T>(of: (ports: ReplicaPorts) => T) =>
    Object.fromEntries(
      SERVICES.map((service) => [
        service,
        replicasOf(settings, service).map((replica) => of(replicaPorts(settings.portBase, service, replica))),
      ]),
    ) as Record<ServiceName, T[]>;
  let closed: Promise<void> | undefined;
  return {
    dataDir: settings.dataDir,
    urls: forReplicas(({ app }) => `http://${LOOPBACK}:${app}`),
    sidecarUrls: forReplicas(({ daprHttp }) => `http://${LOOPBACK}:${daprHttp}`),
    sidecarPorts: forReplicas(({ daprGrpc, daprHttp }) => ({ grpcPort: daprGrpc, httpPort: daprHttp })),
    stores: storeUrls(settings, secrets),
    secrets,
    processes: () => supervisor.views(),
    start: (managed) => supervisor.act('start', managed),
    stop: (managed) => supervisor.act('stop', managed),
    kill: (managed) => supervisor.act('kill', managed),
    pause: (managed) => supervisor.act('pause', managed),
    resume: (managed) => supervisor.act('resume', managed),
    ready: (deadlineMs) => supervisor.ready(deadlineMs),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function storeUrls(
  { store, broker, portBase }: Settings,
  { databasePassword }: Secrets,
  ports = { state: statePort(portBase), broker: brokerPort(portBase) },
): Platform['stores'] {
  const state = `${LOOPBACK}:${ports.state}`;
  return {
    state:
      store === 'redis'
        ? `redis://${state}`
        : `postgresql://${POSTGRESQL_USER}:${databasePassword}@${state}/${POSTGRESQL_DATABASE}`,
    broker: `${broker}://${LOOPBACK}:${ports.broker}`,
  };
}
