import { nudgeSidecars } from '../dapr/files.ts';
import type { BrokerKind } from '../dapr/source.ts';
import { loopback, type ReplicaPorts, type ServiceName } from '../ports.ts';
import { answersOk, type Probe } from '../wait.ts';
import { inheritedEnv, type ProcessSpec } from './spec.ts';

export interface SidecarOptions {
  readonly name: string;
  readonly binary: string;
  /** Replicas share it, and with it the state's key prefix and the consumer group. */
  readonly appId: ServiceName;
  readonly ports: ReplicaPorts;
  readonly resources: string;
  readonly configuration: string;
  readonly tokens: { readonly dapr: string; readonly app: string };
  readonly broker: BrokerKind;
  /** Over those that are set here. */
  readonly flags: Readonly<Record<string, string>>;
}

const gracefulShutdownSeconds = 3;
const needed = ['state', 'messages'];
const nudgeEveryMs = 1_000;

/**
 * A Dapr sidecar. Nothing of it listens beyond loopback, and it knows no control plane.
 *
 * With Redis, Dapr's app health checks are off. When they find an application gone, the sidecar ends its bulk subscriptions, and in
 * 1.18 the worker of every message that is just then on its way there hangs for good: with 10,000 messages on their way a sidecar
 * delivered nothing any more, also after its application was back. Without them it tries the batch at hand again, as
 * the resiliency policy says, and a batch that outlasts that goes to the dead-letter topic.
 *
 * With Kafka they are on, and have no such effect. Its partitions belong to one sidecar each: one whose application is gone
 * would keep them from the other replicas, and spend every message in them.
 */
export function sidecarProcess(options: SidecarOptions): ProcessSpec {
  const { ports, tokens } = options;
  const url = `http://${loopback}:${ports.daprHttp}`;
  const healthy = answersOk(`${url}/v1.0/healthz`);
  const complete = hasComponents(options, url);
  return {
    name: options.name,
    kind: 'sidecar',
    ports: [ports.daprHttp, ports.daprGrpc, ports.daprInternal, ports.daprMetrics],
    program: {
      file: options.binary,
      args: Object.entries(flagsOf(options)).map(([flag, value]) => `--${flag}=${value}`),
      env: {
        ...inheritedEnv(),
        DAPR_HOST_IP: loopback,
        DAPR_API_TOKEN: tokens.dapr,
        APP_API_TOKEN: tokens.app,
      },
    },
    // Before its application is there, only the outbound half is up.
    alive: answersOk(`${url}/v1.0/healthz/outbound`),
    async ready(signal) {
      await healthy(signal);
      await complete(signal);
    },
    stopSignal: 'SIGTERM',
    stopDeadlineMs: (gracefulShutdownSeconds + 5) * 1000,
  };
}

/**
 * Dapr calls a sidecar healthy that goes on without a component, because its store did not answer in time; it would try again
 * after a minute. This one has it try again now.
 */
function hasComponents({ tokens, resources }: SidecarOptions, url: string): Probe {
  let nudgedAt = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const response = await fetch(`${url}/v1.0/metadata`, { signal, headers: { 'dapr-api-token': tokens.dapr } });
    const { components = [] } = (await response.json()) as { components?: { name: string }[] };
    const missing = needed.filter((name) => !components.some((component) => component.name === name));
    if (missing.length === 0) return;
    if (performance.now() - nudgedAt > nudgeEveryMs) {
      nudgedAt = performance.now();
      await nudgeSidecars({ resources });
    }
    throw new Error(`it has no connection to what is behind its component ${missing.join(' and ')} yet`);
  };
}

function flagsOf({
  appId,
  ports,
  resources,
  configuration,
  broker,
  flags,
}: SidecarOptions): Record<string, string | number> {
  return {
    'app-id': appId,
    'app-port': ports.app,
    'app-protocol': 'http',
    'dapr-http-port': ports.daprHttp,
    'dapr-grpc-port': ports.daprGrpc,
    'dapr-internal-grpc-port': ports.daprInternal,
    'dapr-listen-addresses': loopback,
    'dapr-internal-grpc-listen-address': loopback,
    'metrics-port': ports.daprMetrics,
    'metrics-listen-address': loopback,
    'resources-path': resources,
    config: configuration,
    'placement-host-address': '',
    'scheduler-host-address': '',
    // Subscriptions are declared; the application is asked for nothing.
    'disable-init-endpoints': 'config,subscribe',
    'dapr-graceful-shutdown-seconds': gracefulShutdownSeconds,
    'max-body-size': '4Mi',
    'log-level': 'warn',
    ...(broker === 'kafka' && healthChecks),
    ...flags,
  };
}

/** Seconds, milliseconds, and how many probes in a row: gone for 6 s, as long as Kafka gives a sidecar that is silent. */
const healthChecks = {
  'enable-app-health-check': 'true',
  'app-health-check-path': '/healthz',
  'app-health-probe-interval': 2,
  'app-health-probe-timeout': 1_900,
  'app-health-threshold': 3,
};
