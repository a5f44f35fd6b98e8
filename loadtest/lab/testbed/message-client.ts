import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrokerKind, Platform, Resource } from '@standing-order/local';
import { readResource, withSettings } from '@standing-order/local/dapr/resource';
import { redisProcess } from '@standing-order/local/processes/redis';
import { serviceProcess } from '@standing-order/local/processes/service';
import { sidecarProcess } from '@standing-order/local/processes/sidecar';
import type { ProcessSpec } from '@standing-order/local/processes/spec';
import { resolveTool } from '@standing-order/tools';
import { stringify } from 'yaml';

/** The broker's scopes in deploy/dapr allow this application to order by message. */
const APP_ID = 'shop';
const ROOT = join(import.meta.dirname, '../../..');

export interface MessageClientOptions {
  readonly platform: Pick<Platform, 'dataDir' | 'secrets'>;
  readonly broker: BrokerKind;
  /** The first of ten ports. */
  readonly port: number;
  /** The port at which the client's sidecar reaches the broker. */
  readonly brokerPort: number;
}

/** A message client with a sidecar and a state store of its own, as an application of another team has them. */
export interface MessageClientSpecs {
  readonly url: string;
  /** To be started before the others. */
  readonly store: ProcessSpec;
  readonly specs: readonly ProcessSpec[];
}

export async function messageClientSpecs(options: MessageClientOptions): Promise<MessageClientSpecs> {
  const { platform, broker, port } = options;
  const { dataDir, secrets } = platform;
  const ports = { app: port, daprHttp: port + 1, daprGrpc: port + 2, daprInternal: port + 3, daprMetrics: port + 4 };
  const tokens = { dapr: secrets.daprApiToken, app: secrets.appApiToken };
  const storePort = port + 5;
  const [redis, daprd, resources] = await Promise.all([
    resolveTool('redis-server'),
    resolveTool('daprd'),
    writeResources(options, storePort),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    store: redisProcess({ name: 'client-state', binary: redis, port: storePort, dataDir, appendfsync: 'always' }),
    specs: [
      serviceProcess({
        name: 'client',
        service: APP_ID,
        main: join(import.meta.dirname, '../client/main.ts'),
        ports,
        tokens,
        env: { LOG_LEVEL: 'warn' },
      }),
      sidecarProcess({
        name: 'client-dapr',
        binary: daprd,
        appId: APP_ID,
        ports,
        tokens,
        broker,
        flags: {},
        resources,
        configuration: join(dataDir, 'dapr', 'configuration.yaml'),
      }),
    ],
  };
}

/** The client's components: its own store, the platform's broker, and the subscription of the client package's example. */
async function writeResources(
  { platform, broker, brokerPort }: MessageClientOptions,
  storePort: number,
): Promise<string> {
  const folder = join(platform.dataDir, 'client-resources');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [state, messages, subscription] = await Promise.all(
    [
      'deploy/dapr/state/redis/state.yaml',
      `deploy/dapr/pubsub/${broker}/messages.yaml`,
      'packages/order-client/example/dapr/subscription.yaml',
    ].map((path) => readResource(join(ROOT, path))),
  );
  const files: Record<string, Resource> = {
    state: withSettings(state as Resource, { redisHost: `127.0.0.1:${storePort}` }),
    messages: withSettings(messages as Resource, {
      [broker === 'redis' ? 'redisHost' : 'brokers']: `127.0.0.1:${brokerPort}`,
    }),
    subscription: subscription as Resource,
  };
  await Promise.all(
    Object.entries(files).map(([name, resource]) =>
      writeFile(join(folder, `${name}.yaml`), stringify(resource), { mode: 0o600 }),
    ),
  );
  return folder;
}
