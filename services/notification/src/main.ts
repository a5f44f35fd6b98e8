import '@standing-order/service-kit/telemetry/start';
import { createConnection, createSidecar } from '@standing-order/dapr';
import { createAuthenticate } from '@standing-order/service-kit/auth';
import { loadConfig } from '@standing-order/service-kit/config';
import { runService, systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { logger } from '@standing-order/service-kit/telemetry';
import { notificationApp } from './app.ts';
import { notificationConfig } from './config.ts';
import { createSender } from './delivery/attempt/sender.ts';
import { createDeliverer } from './delivery/delivery-manager.ts';
import { createRecord } from './delivery/storage/delivery-log.ts';
import { createCursors } from './delivery/storage/delivery-state-store.ts';
import { createLeases } from './delivery/storage/leases.ts';
import { createLogs } from './delivery/storage/logs.ts';
import { addressRule } from './endpoints/address-policy.ts';
import { createHooks } from './endpoints/endpoint-store.ts';
import { createVault } from './endpoints/secret-cipher.ts';

const HOUR_MS = 3_600_000;

const config = loadConfig(notificationConfig);
const clock = systemClock;
const newId = () => uuidv7(clock, systemRandom);
const policy = {
  allowHttp: config.WEBHOOKS_ALLOW_HTTP === 'on',
  reachable: addressRule(config.WEBHOOKS_ALLOW_ADDRESSES),
};

const sidecar = createSidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const connection = createConnection({ sidecar, storeName: config.STATE_STORE, clock });
const { store } = connection;

if (config.WEBHOOK_SECRET_KEYS.length === 0) {
  logger.warn(
    'WEBHOOK_SECRET_KEYS is not set: the secrets of webhooks are in the state store for everybody who reads it',
  );
}
const hooks = createHooks({ store, vault: createVault(config.WEBHOOK_SECRET_KEYS), nonce: newId });
const logs = createLogs(store);
const cursors = createCursors(store);
const sender = createSender({ policy, now: clock.wall });
const deliverer = createDeliverer({
  store,
  clock,
  random: systemRandom,
  hooks,
  logs,
  cursors,
  leases: createLeases({ store, clock, owner: newId() }),
  sender,
  disableAfterMs: config.WEBHOOK_DISABLE_AFTER_HOURS * HOUR_MS,
});

runService({
  app: notificationApp({
    hooks,
    logs,
    record: createRecord({ cursors, logs, now: clock.wall }),
    deliverer,
    policy,
    sidecar,
    pubsub: config.PUBSUB,
    clock,
    newId,
    readiness: connection.readiness,
    appToken: config.APP_API_TOKEN,
    authenticate: createAuthenticate(config),
  }),
  host: config.HOST,
  port: config.PORT,
  async start(signal) {
    await connection.open(signal);
    deliverer.start();
  },
  async stop() {
    await deliverer.stop();
    await sender.close();
    await connection.close();
  },
});
