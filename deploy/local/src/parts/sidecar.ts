import { loopback, type ReplicaPorts, type ServiceName } from '../ports.ts';
import { answersOk } from '../wait.ts';
import { inheritedEnv, type PartSpec } from './spec.ts';

export interface SidecarOptions {
  readonly name: string;
  readonly binary: string;
  /** Replicas share it, and with it the state's key prefix and the consumer group. */
  readonly appId: ServiceName;
  readonly ports: ReplicaPorts;
  readonly resources: string;
  readonly configuration: string;
  readonly tokens: { readonly dapr: string; readonly app: string };
}

/** After SIGTERM it serves until its application is seen to be gone, at most this long. */
const blockShutdownSeconds = 10;
const gracefulShutdownSeconds = 3;

/** A Dapr sidecar. Nothing of it listens beyond loopback, and it knows no control plane. */
export function sidecarPart(options: SidecarOptions): PartSpec {
  const { ports, tokens } = options;
  const url = `http://${loopback}:${ports.daprHttp}`;
  return {
    name: options.name,
    kind: 'sidecar',
    ports: [ports.daprHttp, ports.daprGrpc, ports.daprInternal, ports.daprMetrics],
    program: {
      file: options.binary,
      args: Object.entries(flags(options)).map(([flag, value]) => `--${flag}=${value}`),
      env: {
        ...inheritedEnv(),
        DAPR_HOST_IP: loopback,
        DAPR_API_TOKEN: tokens.dapr,
        APP_API_TOKEN: tokens.app,
      },
    },
    // Before its application is there, only the outbound half is up.
    alive: answersOk(`${url}/v1.0/healthz/outbound`),
    ready: answersOk(`${url}/v1.0/healthz`),
    stopDeadlineMs: (blockShutdownSeconds + gracefulShutdownSeconds + 5) * 1000,
  };
}

function flags({ appId, ports, resources, configuration }: SidecarOptions): Record<string, string | number> {
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
    'enable-app-health-check': 'true',
    'app-health-check-path': '/healthz',
    'app-health-probe-interval': 1,
    'app-health-probe-timeout': 900,
    'app-health-threshold': 2,
    'dapr-block-shutdown-duration': `${blockShutdownSeconds}s`,
    'dapr-graceful-shutdown-seconds': gracefulShutdownSeconds,
    'max-body-size': '4Mi',
    'log-level': 'warn',
  };
}
