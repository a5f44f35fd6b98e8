import '@standing-order/service-kit/telemetry/start';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createAuthenticate } from '@standing-order/service-kit/auth';
import { logger } from '@standing-order/service-kit/telemetry';
import { notificationApp } from './app.ts';
import { notificationConfig } from './config.ts';
import { trustAlso } from './delivery/attempt/certificates.ts';
import { createSender } from './delivery/attempt/sender.ts';
import { createDeliveryManager } from './delivery/delivery-manager.ts';
import { createDeliveryLog } from './delivery/storage/delivery-log.ts';
import { createDeliveryStateStore } from './delivery/storage/delivery-state-store.ts';
import { createLeases } from './delivery/storage/leases.ts';
import { createEndpointLogs } from './delivery/storage/logs.ts';
import { createAddressPolicy } from './endpoints/address-policy.ts';
import { createEndpointStore } from './endpoints/endpoint-store.ts';
import { createSecretCipher } from './endpoints/secret-cipher.ts';

const HOUR_MS = 3_600_000;

const environment = createSidecarEnvironment(notificationConfig);
const { config, sidecar, store, pubsub, clock, random, newId, appOptions } = environment;
const policy = {
  allowHttp: config.WEBHOOKS_ALLOW_HTTP === 'on',
  isAllowedAddress: createAddressPolicy(config.WEBHOOKS_ALLOW_ADDRESSES, config.WEBHOOKS_NAT64_PREFIXES),
};

if (config.WEBHOOK_SECRET_KEYS.length === 0) {
  logger.warn('WEBHOOK_SECRET_KEYS is not set: signing secrets are stored unencrypted in the state store');
}
const endpoints = createEndpointStore({ store, cipher: createSecretCipher(config.WEBHOOK_SECRET_KEYS), nonce: newId });
const logs = createEndpointLogs(store);
const states = createDeliveryStateStore(store);
const { WEBHOOKS_PROXY: proxy, NO_PROXY, no_proxy } = config;
const sender = createSender({
  policy,
  now: clock.wall,
  secureContext: trustAlso(config.WEBHOOKS_CA_FILE),
  ...(proxy !== undefined && proxy !== 'direct' && { proxy: { url: proxy, except: no_proxy ?? NO_PROXY ?? '' } }),
});
const deliveryManager = createDeliveryManager({
  store,
  clock,
  random,
  endpoints,
  logs,
  states,
  leases: createLeases({ store, clock, owner: newId() }),
  sender,
  disableAfterMs: config.WEBHOOK_DISABLE_AFTER_HOURS * HOUR_MS,
});

runSidecarService(environment, {
  app: notificationApp({
    endpoints,
    logs,
    deliveryLog: createDeliveryLog({ states, logs, now: clock.wall }),
    deliveryManager,
    policy,
    sidecar,
    pubsub,
    clock,
    newId,
    ...appOptions,
    authenticate: createAuthenticate(config),
  }),
  start: deliveryManager.start,
  async stop() {
    await deliveryManager.stop();
    await sender.close();
  },
});
