import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type RunFile, readRunFile } from '../../test/support/run-file.ts';
import { replicaPorts, SERVICES, type ServiceName } from '../ports.ts';
import { serviceProcess } from '../processes/service.ts';
import { sidecarProcess } from '../processes/sidecar.ts';
import { DAPR_FOLDER } from './source.ts';

/** Fields that an app and `common` share in a multi-app run file of the Dapr CLI, and those that only an app has. */
const sharedFields =
  `configFilePath appProtocol apiListenAddresses enableProfiling logLevel appMaxConcurrency placementHostAddress
  resourcesPaths appSSL maxBodySize readBufferSize enableAppHealthCheck appHealthCheckPath appHealthProbeInterval
  appHealthProbeTimeout appHealthThreshold enableApiLogging runtimePath env daprdLogDestination appLogDestination
  schedulerHostAddress`.split(/\s+/);
const appFields =
  `appID appDirPath appChannelAddress appPort daprHTTPPort daprGRPCPort daprInternalGRPCPort metricsPort profilePort
  unixDomainSocket command`.split(/\s+/);

/** Every field of a run file that the Dapr CLI does not have. The CLI ignores them silently. */
function unknownFields({ version: _, common, apps, ...more }: RunFile): string[] {
  return [
    ...Object.keys(more),
    ...Object.keys(common).filter((field) => !sharedFields.includes(field)),
    ...apps.flatMap((app) => Object.keys(app).filter((field) => ![...sharedFields, ...appFields].includes(field))),
  ];
}

const file = await readRunFile(DAPR_FOLDER);

test('the run file has only fields that the Dapr CLI has', () => {
  expect(file.version).toBe(1);
  expect(unknownFields(file)).toEqual([]);
});

test('the check of fields finds a wrong one anywhere', () => {
  const { common, apps, ...more } = file;
  const wrong = { ...more, app: [], common: { ...common, appPort: 1 }, apps: apps.map((app) => ({ ...app, port: 1 })) };
  expect(unknownFields(wrong)).toEqual(['app', 'appPort', 'port', 'port', 'port', 'port']);
});

test('the run file names the resources of the default platform, and every path exists', async () => {
  const { common, apps } = file;
  expect(common.resourcesPaths).toEqual(['state/redis', 'pubsub/redis', 'subscriptions', 'resiliency']);
  for (const path of [...common.resourcesPaths, common.configFilePath]) await access(join(DAPR_FOLDER, path));
  for (const { appDirPath, command } of apps) {
    expect(command).toHaveLength(2);
    expect(command[0]).toBe('node');
    await access(join(DAPR_FOLDER, appDirPath, command[1]));
  }
});

test('the run file starts every service on the ports of npm start', () => {
  const { apps } = file;
  expect(apps.map(({ appID }) => appID)).toEqual(SERVICES);
  for (const { appID, env, ...app } of apps) {
    expect(app.appDirPath).toBe(`../../services/${appID}`);
    const ports = {
      app: app.appPort,
      daprHttp: app.daprHTTPPort,
      daprGrpc: app.daprGRPCPort,
      daprInternal: app.daprInternalGRPCPort,
      daprMetrics: app.metricsPort,
    };
    expect(ports).toEqual(replicaPorts(4000, appID, 1));
    expect(env.PORT).toBe(String(app.appPort));
  }
});

test('the environment of a service is that of npm start, but for its secrets', () => {
  // The Dapr CLI sets the ports of the sidecar. HOST, STATE_STORE and PUBSUB have these values by default.
  const ports = ['DAPR_GRPC_PORT', 'DAPR_HTTP_PORT'];
  const elsewhere = [...ports, 'HOST', 'STATE_STORE', 'PUBSUB', 'DAPR_API_TOKEN', 'APP_API_TOKEN'];
  const more: Partial<Record<ServiceName, Record<string, string>>> = {
    order: { BROKER: 'redis', NOTIFICATIONS: 'on' },
    notification: { WEBHOOKS_ALLOW_HTTP: 'on', WEBHOOKS_ALLOW_ADDRESSES: '127.0.0.1/32' },
  };
  for (const { appID, env } of file.apps) {
    const { program } = serviceProcess({
      ...{ name: appID, service: appID, main: '', ports: replicaPorts(4000, appID, 1) },
      ...{ tokens: { dapr: '', app: '' }, env: more[appID] ?? {} },
    });
    const inherited = [
      'NODE_COMPILE_CACHE',
      'MALLOC_ARENA_MAX',
      ...Object.keys(process.env).filter((name) => name !== 'NODE_ENV'),
    ];
    const local = Object.entries(program.env).filter(([name]) => ![...elsewhere, ...inherited].includes(name));
    const { ORDER_TOKEN_KEYS: key, ...settings } = env;
    expect(settings).toEqual(Object.fromEntries(local));
    expect(key === undefined ? undefined : Buffer.from(key, 'base64').length).toBe(appID === 'order' ? 32 : undefined);
  }
});

test('the sidecars listen, and log, as those of npm start', () => {
  const { common } = file;
  const { program } = sidecarProcess({
    ...{
      name: 'order-1-dapr',
      binary: 'daprd',
      appId: 'order',
      ports: replicaPorts(4000, 'order', 1),
      broker: 'redis',
    },
    ...{ resources: '', configuration: '', tokens: { dapr: '', app: '' }, flags: {} },
  });
  for (const [flag, value] of [
    ['dapr-listen-addresses', common.apiListenAddresses],
    ['app-protocol', common.appProtocol],
    ['log-level', common.logLevel],
    ['placement-host-address', common.placementHostAddress],
    ['scheduler-host-address', common.schedulerHostAddress],
  ]) {
    expect(program.args).toContain(`--${flag}=${value}`);
  }
});
