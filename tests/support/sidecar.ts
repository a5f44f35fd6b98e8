import { join } from 'node:path';
import { findPortBase, type Platform } from '@standing-order/local';
import { resolveTool } from '@standing-order/tools';
import { answers, type Child, startChild } from './child.ts';

const HOST = '127.0.0.1';

export interface SidecarOptions {
  readonly appId: string;
  /** The port of its application; default: it has none. */
  readonly app?: number;
  /** The sidecar's first port; it uses the next two ports, too. Default: free ports. */
  readonly ports?: number;
  /** The folder of its components; default: those of the platform. */
  readonly resources?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Sidecar {
  /** The base URL of its HTTP API. */
  readonly url: string;
  readonly child: Child;
}

/** Starts a sidecar beside a platform. It finds the platform's sidecars, and holds no token but those in `env`. */
export async function startSidecar({ dataDir }: Platform, options: SidecarOptions): Promise<Sidecar> {
  const { appId, app, env, resources = join(dataDir, 'dapr', 'resources') } = options;
  const http = options.ports ?? (await findPortBase());
  const flags = {
    'app-id': appId,
    ...(app !== undefined && { 'app-port': app }),
    'dapr-http-port': http,
    'dapr-grpc-port': http + 1,
    'dapr-internal-grpc-port': http + 2,
    'dapr-listen-addresses': HOST,
    'dapr-internal-grpc-listen-address': HOST,
    'enable-metrics': false,
    'resources-path': resources,
    config: join(dataDir, 'dapr', 'configuration.yaml'),
    'placement-host-address': '',
    'scheduler-host-address': '',
    'disable-init-endpoints': 'config,subscribe',
    'log-level': 'warn',
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const child = startChild(await resolveTool('daprd'), args, join(dataDir, 'logs', `${appId}-dapr.log`), {
    ...process.env,
    DAPR_HOST_IP: HOST,
    ...env,
  });
  return { url: `http://${HOST}:${http}`, child };
}

/** Resolves when the sidecar is ready. */
export const sidecarReady = ({ url, child }: Sidecar): Promise<void> => answers(`${url}/v1.0/healthz`, child);
