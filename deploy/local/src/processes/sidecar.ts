import { nudgeSidecars } from '../dapr/files.ts';
import type { BrokerKind } from '../dapr/source.ts';
import { LOOPBACK, type ReplicaPorts } from '../ports.ts';
import { answersOk, type Probe } from '../wait.ts';
import { inheritedEnv, type ProcessSpec } from './spec.ts';

export interface SidecarOptions {
  readonly name: string;
  readonly binary: string;
  /** Shared by all replicas, as are the state's key prefix and the consumer group. */
  readonly appId: string;
  readonly ports: ReplicaPorts;
  readonly resources: string;
  readonly configuration: string;
  readonly tokens: { readonly dapr: string; readonly app: string };
  readonly broker: BrokerKind;
  /** Additional flags, which replace the default ones. */
  readonly flags: Readonly<Record<string, string>>;
}

const GRACEFUL_SHUTDOWN_SECONDS = 3;
const NEEDED_COMPONENTS = ['state', 'messages'];
const NUDGE_EVERY_MS = 1_000;

/**
 * A Dapr sidecar. All of its ports are on loopback, and it uses no control plane.
 *
 * With Redis, Dapr's app health checks are off. When they detect that an application is down, the sidecar ends its bulk
 * subscriptions. In 1.18 the worker of every message in flight then hangs for good: with 10,000 messages in flight a sidecar
 * delivered no further message, even after its application was up again. Without them the sidecar retries the current batch by
 * its resiliency policy, and then dead-letters the batch.
 *
 * With Kafka they are on and have no such effect. Each partition belongs to one sidecar: without the checks, a sidecar whose
 * application is down would keep its partitions from the other replicas and dead-letter every message in them.
 */
export function sidecarProcess(options: SidecarOptions): ProcessSpec {
  const { ports, tokens } = options;
  const url = `http://${LOOPBACK}:${ports.daprHttp}`;
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
        DAPR_HOST_IP: LOOPBACK,
        DAPR_API_TOKEN: tokens.dapr,
        APP_API_TOKEN: tokens.app,
      },
    },
    // Before its application is up, only the outbound half works.
    alive: answersOk(`${url}/v1.0/healthz/outbound`),
    async ready(signal) {
      await healthy(signal);
      await complete(signal);
    },
    stopSignal: 'SIGTERM',
    stopDeadlineMs: (GRACEFUL_SHUTDOWN_SECONDS + 5) * 1000,
  };
}

/**
 * Dapr reports a sidecar as healthy that runs without a component because its store did not answer in time, and retries after a
 * minute. This probe makes it retry at once.
 */
function hasComponents({ tokens, resources }: SidecarOptions, url: string): Probe {
  let nudgedAt = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const response = await fetch(`${url}/v1.0/metadata`, { signal, headers: { 'dapr-api-token': tokens.dapr } });
    const { components = [] } = (await response.json()) as { components?: { name: string }[] };
    const missing = NEEDED_COMPONENTS.filter((name) => !components.some((component) => component.name === name));
    if (missing.length === 0) return;
    if (performance.now() - nudgedAt > NUDGE_EVERY_MS) {
      nudgedAt = performance.now();
      await nudgeSidecars({ resources });
    }
    throw new Error(`no connection to the backend of component ${missing.join(' and ')} yet`);
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
    'dapr-listen-addresses': LOOPBACK,
    'dapr-internal-grpc-listen-address': LOOPBACK,
    'metrics-port': ports.daprMetrics,
    'metrics-listen-address': LOOPBACK,
    'resources-path': resources,
    config: configuration,
    'placement-host-address': '',
    'scheduler-host-address': '',
    // Subscriptions are declarative; the sidecar requests none from the application.
    'disable-init-endpoints': 'config,subscribe',
    'dapr-graceful-shutdown-seconds': GRACEFUL_SHUTDOWN_SECONDS,
    'max-body-size': '4Mi',
    'log-level': 'warn',
    ...(broker === 'kafka' && HEALTH_CHECKS),
    ...flags,
  };
}

/** In seconds, milliseconds and probes: an application counts as down after 6 s, Kafka's own limit for a silent sidecar. */
const HEALTH_CHECKS = {
  'enable-app-health-check': 'true',
  'app-health-check-path': '/healthz',
  'app-health-probe-interval': 2,
  'app-health-probe-timeout': 1_900,
  'app-health-threshold': 3,
};
