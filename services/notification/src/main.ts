import '@standing-order/service-kit/telemetry/start';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createAuthenticate } from '@standing-order/service-kit/auth';
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

const environment = createSidecarEnvironment(notificationConfig);
const { config, sidecar, store, pubsub, clock, random, newId, appOptions } = environment;
const policy = {
  allowHttp: config.WEBHOOKS_ALLOW_HTTP === 'on',
  reachable: addressRule(config.WEBHOOKS_ALLOW_ADDRESSES),
};

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
  random,
  hooks,
  logs,
  cursors,
  leases: createLeases({ store, clock, owner: newId() }),
  sender,
  disableAfterMs: config.WEBHOOK_DISABLE_AFTER_HOURS * HOUR_MS,
});

runSidecarService(environment, {
  app: notificationApp({
    hooks,
    logs,
    record: createRecord({ cursors, logs, now: clock.wall }),
    deliverer,
    policy,
    sidecar,
    pubsub,
    clock,
    newId,
    ...appOptions,
    authenticate: createAuthenticate(config),
  }),
  start: deliverer.start,
  async stop() {
    await deliverer.stop();
    await sender.close();
  },
});
