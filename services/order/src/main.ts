import '@standing-order/service-kit/telemetry/start';
import { ORDER_LANES } from '@standing-order/contracts';
import { createSidecarEnvironment, runSidecarService } from '@standing-order/dapr';
import { createOutbox } from '@standing-order/outbox';
import { createAuthenticate } from '@standing-order/service-kit/auth';
import { createUtilization } from '@standing-order/service-kit/runtime';
import { logger } from '@standing-order/service-kit/telemetry';
import { orderApp } from './app.ts';
import { orderConfig, SAFE_RETENTION_SECONDS } from './config.ts';
import type { OrderOutbox } from './domain/ports.ts';
import { createLocalCopies } from './local-copies/local-copies.ts';
import { createConfirmations } from './order-lists/confirmations.ts';
import { createListTransport } from './order-lists/list-transport.ts';
import { createOrderLists } from './order-lists/order-lists.ts';
import { brokerSettings } from './outbox/broker-settings.ts';
import { routeByChannel } from './outbox/channel-routing.ts';
import { commandTransport } from './outbox/command-transport.ts';
import { orderDocumentHandler } from './outbox/document-handler.ts';
import { countCommands, observeStats, orderObserver } from './outbox/observer.ts';
import { createOpenOrderCount } from './outbox/open-order-count.ts';
import { createMessageGroups, createPartitionKeys } from './outbox/partition-keys.ts';
import { readinessOf } from './outbox/readiness.ts';
import { checkStoreIdentity } from './outbox/store-identity.ts';
import { createStoreReserve } from './outbox/store-reserve.ts';
import { createTokenSigner } from './outbox/token-signature.ts';
import { messaging } from './styles/messaging.ts';
import type { LookupStyleParts, Styles } from './styles/place-order.ts';
import { replication } from './styles/replication.ts';
import { respondFirst } from './styles/respond-first.ts';
import { synchronous } from './styles/synchronous.ts';
import { createValidators } from './styles/validators.ts';
import { createConsumerUpdates } from './updates/consumer-updates.ts';
import { createEventStreams } from './updates/event-streams.ts';
import { createLongPoll } from './updates/long-poll.ts';
import { createOrderUpdates } from './updates/order-updates.ts';

/** Maximum number of commands loaded beyond the send windows: a second of work, and half of the outbox's default (ADR 0108). */
const LOOK_AHEAD = 4_096;

const environment = createSidecarEnvironment(orderConfig);
const { config, sidecar, store, pubsub, clock, random, newId, appOptions } = environment;

const tokens = createTokenSigner(config.ORDER_TOKEN_KEYS, { required: config.ORDER_TOKEN_REQUIRED === 'on' });
/** Undefined: orders are kept for ever. */
const retentionSeconds = config.ORDER_RETENTION || undefined;
if (retentionSeconds !== undefined && retentionSeconds < SAFE_RETENTION_SECONDS) {
  logger.warn(
    { retentionSeconds },
    'ORDER_RETENTION is below 3d: a write that is applied late may restore an expired order; use it for tests only',
  );
}

const confirmations = createConfirmations(clock);
const listTransport = createListTransport({ store, clock, confirmations, retentionSeconds });
const partitionKeyOf = createPartitionKeys(config.BROKER, config.BROKER_PARTITIONS);
const commands = commandTransport({
  sidecar,
  pubsub,
  clock,
  tokens,
  partitionKeyOf,
  maxEntries: config.BATCH_ENTRIES,
});
const outbox: OrderOutbox = createOutbox({
  clock,
  random,
  utilization: createUtilization(),
  store,
  transport: countCommands(routeByChannel({ index: listTransport }, commands)),
  handler: { ...orderDocumentHandler, retentionSeconds: () => retentionSeconds },
  messageGroupOf: createMessageGroups(partitionKeyOf, config.BATCH_ENTRIES),
  observer: orderObserver,
  settings: {
    lanes: ORDER_LANES,
    maxOpen: config.MAX_OPEN_ORDERS,
    lookAhead: LOOK_AHEAD,
    ...brokerSettings(config.BROKER),
  },
});
const reserve = createStoreReserve({
  store,
  clock,
  owner: newId(),
  openOrders: createOpenOrderCount(() => outbox.stats(), clock),
  refusesWrites: () => outbox.state().refusesWrites,
});
const refusesOrders = () => outbox.state().refusesWrites || reserve.isReleased;
observeStats(
  { stats: () => ({ ...outbox.stats(), refusesWrites: refusesOrders() }), waiting: (max) => outbox.waiting(max) },
  clock,
);

const orderLists = createOrderLists({ store, outbox, transport: listTransport, retentionSeconds });
const orderUpdates = createOrderUpdates({ outbox, clock });
const consumerUpdates = createConsumerUpdates({ outbox, orderLists, clock });
const longPoll = createLongPoll({ orderUpdates, clock, maxPerCaller: config.MAX_WAITS_PER_CALLER });
const eventStreams = createEventStreams({ clock, maxPerCaller: config.MAX_STREAMS_PER_CALLER });
const localCopies = createLocalCopies({ sidecar, clock, maxStalenessMs: config.REPLICA_STALENESS_MS });

const styleParts: LookupStyleParts = {
  outbox: {
    store: async (order, deadlineMs) =>
      reserve.isReleased ? { outcome: 'unwritable' } : outbox.store(order, deadlineMs),
    read: (id) => outbox.read(id),
  },
  clock,
  newId,
  acceptDeadlineMs: config.ACCEPT_DEADLINE_MS,
  decideWithinMs: config.ORDER_DEADLINE_SECONDS && config.ORDER_DEADLINE_SECONDS * 1000,
  notify: config.NOTIFICATIONS === 'on',
  index: config.CONSUMER_ORDERS === 'on',
};
/** For the styles that decide an order before they store it: it needs no deadline. */
const decideFirstParts = { ...styleParts, decideWithinMs: undefined };
const styles: Styles = {
  'respond-first': respondFirst(styleParts),
  synchronous: synchronous({ ...decideFirstParts, validators: createValidators(sidecar) }),
  messaging: messaging(styleParts),
  replication: replication({ ...decideFirstParts, localCopies, fallback: respondFirst(styleParts) }),
};

runSidecarService(environment, {
  app: orderApp({
    styles,
    styleSettings: { default: config.ORDER_STYLE, override: config.STYLE_OVERRIDE === 'allowed' },
    outbox,
    record: (replies) => outbox.record(confirmations.join(replies)),
    orderUpdates,
    consumerUpdates,
    longPoll,
    eventStreams,
    orderLists: config.CONSUMER_ORDERS === 'on' ? orderLists : undefined,
    localCopies,
    sidecar,
    pubsub,
    clock,
    tokens,
    messageClients: config.MESSAGE_CLIENTS,
    ...appOptions,
    readiness: () => readinessOf(appOptions.readiness(), { ...outbox.state(), refusesWrites: refusesOrders() }),
    authenticate: createAuthenticate(config),
  }),
  onStopping() {
    longPoll.end();
    eventStreams.end();
  },
  async start(signal) {
    const mayBeEmpty = config.STATE_STORE_MAY_BE_EMPTY === 'on';
    await checkStoreIdentity({ store, clock, owner: config.STATE_STORE_OWNER, mayBeEmpty }, signal);
    if (config.ORDER_STYLE === 'replication' || config.STYLE_OVERRIDE === 'allowed') localCopies.start();
    confirmations.start(outbox);
    await outbox.start();
    reserve.start();
  },
  async stop() {
    localCopies.stop();
    await reserve.stop();
    await confirmations.flush();
    await outbox.leave();
  },
});
