import '@standing-order/service-kit/telemetry/start';
import { ORDER_LANES } from '@standing-order/contracts';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createOutbox, type Outbox } from '@standing-order/outbox';
import { createAuthenticate } from '@standing-order/service-kit/auth';
import { orderApp } from './app.ts';
import { orderConfig } from './config.ts';
import type { Message } from './domain/decide.ts';
import type { Order } from './domain/order.ts';
import { createReplicas } from './local-copies/replicas.ts';
import { createConsumerOrders } from './order-lists/consumer-orders.ts';
import { brokerSettings } from './outbox/broker-settings.ts';
import { orderBusiness } from './outbox/business.ts';
import { commandTransport } from './outbox/commands.ts';
import { routedTransport } from './outbox/groups.ts';
import { observeStats, orderObserver } from './outbox/observe.ts';
import { readinessOf } from './readiness.ts';
import { messaging } from './styles/messaging.ts';
import { replication } from './styles/replication.ts';
import { respondFirst } from './styles/respond-first.ts';
import type { StyleParts, Styles } from './styles/style.ts';
import { synchronous } from './styles/synchronous.ts';
import { createStreams } from './updates/streams.ts';
import { createWaits } from './updates/waits.ts';
import { createValidators } from './validators.ts';

const environment = createSidecarEnvironment(orderConfig);
const { config, sidecar, store, pubsub, clock, random, newId, appOptions } = environment;

const consumerOrders = createConsumerOrders({
  clock,
  store,
  outbox: { record: (entries) => outbox.record(entries), readAll: (ids) => outbox.readAll(ids) },
});
const outbox: Outbox<Order, Message> = createOutbox({
  clock,
  random,
  store,
  transport: routedTransport({ index: consumerOrders.transport }, commandTransport({ sidecar, pubsub, clock })),
  handler: orderBusiness,
  observer: orderObserver,
  settings: { lanes: ORDER_LANES, maxOpen: config.MAX_OPEN_ORDERS, ...brokerSettings(config.BROKER) },
});
observeStats(outbox);
const waits = createWaits({ outbox, clock });
const streams = createStreams({ clock });
const replicas = createReplicas({ sidecar, clock, stalenessMs: config.REPLICA_STALENESS_MS });

const styleParts: StyleParts = {
  outbox,
  clock,
  newId,
  acceptDeadlineMs: config.ACCEPT_DEADLINE_MS,
  decideWithinMs: config.ORDER_DEADLINE_SECONDS && config.ORDER_DEADLINE_SECONDS * 1000,
  notify: config.NOTIFICATIONS === 'on',
  index: config.CONSUMER_ORDERS === 'on',
};
const atOnce = { ...styleParts, decideWithinMs: undefined, outbox };
const later = respondFirst(styleParts);
const styles: Styles = {
  'respond-first': later,
  synchronous: synchronous({ ...atOnce, validators: createValidators(sidecar) }),
  replication: replication({ ...atOnce, replicas, otherwise: later }),
};

runSidecarService(environment, {
  app: orderApp({
    styles,
    placeAsked: messaging(styleParts),
    styleSettings: { default: config.ORDER_STYLE, override: config.STYLE_OVERRIDE === 'allowed' },
    waits,
    streams,
    consumerOrders: config.CONSUMER_ORDERS === 'on' ? consumerOrders : undefined,
    record: (entries) => outbox.record(consumerOrders.joined(entries)),
    replicas,
    outbox,
    sidecar,
    pubsub,
    clock,
    ...appOptions,
    readiness: () => readinessOf(appOptions.readiness(), outbox.state()),
    authenticate: createAuthenticate(config),
  }),
  onStopping() {
    waits.end();
    streams.end();
  },
  async start() {
    if (config.ORDER_STYLE === 'replication' || config.STYLE_OVERRIDE === 'allowed') replicas.start();
    await outbox.start();
  },
  async stop() {
    replicas.stop();
    await consumerOrders.leave();
    await outbox.leave();
  },
});
