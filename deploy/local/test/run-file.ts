import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readResources } from '../src/dapr/resource.ts';
import { DAPR_FOLDER, type StoreKind } from '../src/dapr/source.ts';
import { placeDemoOrder, seedDemo } from '../src/demo.ts';
import { brokerPort, findPortBase, LOOPBACK, statePort } from '../src/ports.ts';
import { postgresqlProcess } from '../src/processes/postgresql.ts';
import { redisProcess } from '../src/processes/redis.ts';
import { inheritedEnv, type ProcessSpec } from '../src/processes/spec.ts';
import { Supervisor } from '../src/supervisor.ts';
import { findTools } from '../src/tools.ts';
import { answersOk } from '../src/wait.ts';
import { temporaryDir } from './support/harness.ts';
import { type App, type RunFile, readRunFile } from './support/run-file.ts';

const PASSWORD = 'correct horse';

/** Starts what the Dapr CLI starts from deploy/dapr/dapr.yaml, with this state store, and checks that it works. */
export function runFromFile(store: StoreKind): void {
  describe(`the run file of the Dapr CLI with state in ${store}`, () => {
    const dir = temporaryDir();
    const folder = join(dir.path, 'dapr');
    let runFile: RunFile;
    let supervisor: Supervisor | undefined;

    beforeAll(async () => {
      const base = await findPortBase();
      await copyWithPorts(folder, base);
      await mkdir(join(dir.path, 'logs'));
      runFile = withStore(await readRunFile(folder), store);
      supervisor = new Supervisor({
        specs: await specsOf(runFile, folder, dir.path, base, store),
        dataDir: dir.path,
        startDeadlineMs: 60_000,
        onProgress: () => {},
        onStoreUp: async () => {},
      });
      await supervisor.startAll();
    });

    afterAll(async () => {
      await supervisor?.close();
      dir.remove();
    });

    test('every sidecar loads the components, and the subscriptions of its service', async () => {
      const declared = await readResources(join(DAPR_FOLDER, 'subscriptions'));
      for (const app of runFile.apps) {
        const { components, subscriptions } = await metadataOf(app);
        const loaded = components.map(({ name, type }) => `${name} ${type}`);
        expect(loaded.sort()).toEqual(['messages pubsub.redis', `state state.${store}`]);
        const own = declared.filter(({ scopes }) => scopes?.includes(app.appID));
        expect(subscriptions.map(({ topic, type }) => `${type} ${topic}`).sort()).toEqual(
          own.map(({ spec }) => `DECLARATIVE ${spec.topic}`).sort(),
        );
      }
    });

    test('every sidecar loads the policy of deliveries, and the one of the order service that of validations', async () => {
      for (const { appID } of runFile.apps) {
        const log = await readFile(join(dir.path, 'logs', `${appID}-dapr.log`), 'utf8');
        const loaded = [...log.matchAll(/Loading Resiliency configuration: ([a-z-]+)/g)].map(([, name]) => name);
        expect(loaded.sort()).toEqual(appID === 'order' ? ['standing-order', 'validations'] : ['standing-order']);
      }
    });

    test('an order becomes VALIDATED', async () => {
      const urls = new Map(runFile.apps.map(({ appID, appPort }) => [appID, `http://${LOOPBACK}:${appPort}`]));
      const [order = '', consumer = '', restaurant = ''] = [...urls.values()];
      const signal = AbortSignal.timeout(60_000);
      await seedDemo({ order, consumer, restaurant }, signal);
      expect((await placeDemoOrder({ order, consumer, restaurant }, signal)).status).toBe('VALIDATED');
    });
  });
}

/** Copies deploy/dapr with the ports from 4000 to 4999 moved to another base, and with a file of names in the copy. */
async function copyWithPorts(folder: string, base: number): Promise<void> {
  await cp(DAPR_FOLDER, folder, { recursive: true });
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith('.yaml')) continue;
    const text = await readFile(join(folder, path), 'utf8');
    const moved = text
      .replaceAll(/\b4\d{3}\b/g, (port) => String(base + Number(port) - 4000))
      .replace('/tmp/standing-order-names.db', join(folder, 'names.db'));
    await writeFile(join(folder, path), moved);
  }
}

/** As README.md of deploy/dapr describes it. */
const withStore = ({ common, ...file }: RunFile, store: StoreKind): RunFile => ({
  ...file,
  common: {
    ...common,
    resourcesPaths: common.resourcesPaths.map((path) => (path === 'state/redis' ? `state/${store}` : path)),
  },
});

async function specsOf(
  runFile: RunFile,
  folder: string,
  dataDir: string,
  base: number,
  store: StoreKind,
): Promise<ProcessSpec[]> {
  const tools = await findTools({ store, broker: 'redis' });
  const redis = { binary: tools.redis, dataDir };
  const port = statePort(base);
  return [
    tools.postgres === undefined
      ? redisProcess({ ...redis, name: 'redis-state', port, appendfsync: 'always' })
      : await postgresqlProcess({ binary: tools.postgres, port, dataDir, password: PASSWORD }),
    redisProcess({ ...redis, name: 'redis-broker', port: brokerPort(base), appendfsync: 'everysec' }),
    ...runFile.apps.flatMap((app) => [serviceOf(app), sidecarOf(runFile, app, folder, tools.daprd)]),
  ];
}

function serviceOf({ appID, appDirPath, appPort, daprGRPCPort, daprHTTPPort, command, env }: App): ProcessSpec {
  return {
    ...commonSpec(appID, 'service', [appPort]),
    program: {
      file: process.execPath,
      args: [resolve(DAPR_FOLDER, appDirPath, command[1])],
      env: {
        ...inheritedEnv(),
        DAPR_GRPC_PORT: String(daprGRPCPort),
        DAPR_HTTP_PORT: String(daprHTTPPort),
        ...env,
      },
    },
    alive: answersOk(`http://${LOOPBACK}:${appPort}/healthz`),
    ready: answersOk(`http://${LOOPBACK}:${appPort}/readyz`),
  };
}

/** With the flags that the CLI derives from the run file. In addition, every listener is on loopback, and the log has more. */
function sidecarOf({ common }: RunFile, app: App, folder: string, binary: string): ProcessSpec {
  const flags = {
    'app-id': app.appID,
    'app-port': app.appPort,
    'app-protocol': common.appProtocol,
    'dapr-http-port': app.daprHTTPPort,
    'dapr-grpc-port': app.daprGRPCPort,
    'dapr-internal-grpc-port': app.daprInternalGRPCPort,
    'metrics-port': app.metricsPort,
    'dapr-listen-addresses': common.apiListenAddresses,
    config: join(folder, common.configFilePath),
    'placement-host-address': common.placementHostAddress,
    'scheduler-host-address': common.schedulerHostAddress,
    'dapr-internal-grpc-listen-address': LOOPBACK,
    'metrics-listen-address': LOOPBACK,
    'log-level': 'info',
  };
  const resources = common.resourcesPaths.map((path) => `--resources-path=${join(folder, path)}`);
  const health = `http://${LOOPBACK}:${app.daprHTTPPort}/v1.0/healthz`;
  const ports = [app.daprHTTPPort, app.daprGRPCPort, app.daprInternalGRPCPort, app.metricsPort];
  return {
    ...commonSpec(`${app.appID}-dapr`, 'sidecar', ports),
    program: {
      file: binary,
      args: [...Object.entries(flags).map(([name, value]) => `--${name}=${value}`), ...resources],
      env: { ...inheritedEnv(), DAPR_HOST_IP: LOOPBACK, PGPASSWORD: PASSWORD },
    },
    alive: answersOk(`${health}/outbound`),
    ready: answersOk(health),
  };
}

const commonSpec = (name: string, kind: ProcessSpec['kind'], ports: readonly number[]) =>
  ({ name, kind, ports, stopSignal: 'SIGTERM', stopDeadlineMs: 15_000 }) as const;

async function metadataOf({ daprHTTPPort }: App) {
  const url = `http://${LOOPBACK}:${daprHTTPPort}/v1.0/metadata`;
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return (await response.json()) as {
    readonly components: readonly { readonly name: string; readonly type: string }[];
    readonly subscriptions: readonly { readonly topic: string; readonly type: string }[];
  };
}
