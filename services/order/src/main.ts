import '@standing-order/service-kit/telemetry/start';
import { ORDER_LANES } from '@standing-order/contracts';
import { createConnection, createSidecar } from '@standing-order/dapr';
import { createOutbox, type Outbox } from '@standing-order/outbox';
import { createAuthenticate } from '@standing-order/service-kit/auth';
import { loadConfig } from '@standing-order/service-kit/config';
import { runService, systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
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

const config = loadConfig(orderConfig);
const clock = systemClock;
const pubsub = config.PUBSUB;

const sidecar = createSidecar({ httpPort: config.DAPR_HTTP_PORT, apiToken: config.DAPR_API_TOKEN });
const connection = createConnection({ sidecar, storeName: config.STATE_STORE, clock });

const consumerOrders = createConsumerOrders({
  clock,
  store: connection.store,
  outbox: { record: (entries) => outbox.record(entries), readAll: (ids) => outbox.readAll(ids) },
});
const outbox: Outbox<Order, Message> = createOutbox({
  clock,
  random: systemRandom,
  store: connection.store,
  transport: routedTransport({ index: consumerOrders.transport }, commandTransport({ sidecar, pubsub, clock })),
  business: orderBusiness,
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
  newId: () => uuidv7(clock, systemRandom),
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

runService({
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
    readiness: () => readinessOf(connection.readiness(), outbox.state()),
    appToken: config.APP_API_TOKEN,
    authenticate: createAuthenticate(config),
  }),
  host: config.HOST,
  port: config.PORT,
  async start(signal) {
    signal.addEventListener('abort', waits.end);
    signal.addEventListener('abort', streams.end);
    await connection.open(signal);
    if (config.ORDER_STYLE === 'replication' || config.STYLE_OVERRIDE === 'allowed') replicas.start();
    await outbox.start();
  },
  async stop() {
    replicas.stop();
    await consumerOrders.leave();
    await outbox.leave();
    await connection.close();
  },
});
