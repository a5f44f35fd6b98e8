import { fileURLToPath } from 'node:url';
import type { Resource } from '@standing-order/local';
import { OUTCOMES } from '../generator/messages.ts';
import type { Contender } from '../testbed/contender.ts';
import { OUTBOX_TOPIC } from './topics.ts';

const main = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Replies are delivered one at a time, as to an application without bulk subscription. */
const repliesOneByOne = (resources: readonly Resource[]): readonly Resource[] =>
  resources.map((resource) => {
    if (resource.kind !== 'Subscription' || resource.metadata.name !== 'order-replies') return resource;
    const { bulkSubscribe: _, ...spec } = resource.spec;
    return { ...resource, spec };
  });

/** The lists of topics that each application may use do not name the topics of Dapr's outbox. */
const withoutTopicScopes = (resources: readonly Resource[]): readonly Resource[] =>
  resources.map((resource) => {
    if (resource.kind !== 'Component' || resource.metadata.name !== 'messages') return resource;
    const metadata = (resource.spec.metadata as readonly { readonly name: string }[]).filter(
      ({ name }) => !['protectedTopics', 'publishingScopes', 'subscriptionScopes'].includes(name),
    );
    return { ...resource, spec: { ...resource.spec, metadata } };
  });

/** A second state component on the same Redis with Dapr's outbox, and a subscription of the service to its events. */
function builtInOutbox(resources: readonly Resource[]): readonly Resource[] {
  const state = resources.find(({ kind, metadata }) => kind === 'Component' && metadata.name === 'state');
  if (state === undefined) throw new Error('the platform has no component "state"');
  const outbox = { outboxPublishPubsub: 'messages', outboxPublishTopic: OUTBOX_TOPIC };
  const metadata = [
    ...(state.spec.metadata as readonly object[]),
    ...Object.entries(outbox).map(([name, value]) => ({ name, value })),
  ];
  return [
    ...withoutTopicScopes(repliesOneByOne(resources)),
    { ...state, metadata: { name: 'orders' }, spec: { ...state.spec, metadata }, scopes: ['order'] },
    {
      apiVersion: 'dapr.io/v2alpha1',
      kind: 'Subscription',
      metadata: { name: OUTBOX_TOPIC },
      spec: { pubsubname: 'messages', topic: OUTBOX_TOPIC, routes: { default: `/messages/${OUTBOX_TOPIC}` } },
      scopes: ['order'],
    },
  ];
}

/** All implementations that are compared; the first is this repository's. */
export const CONTENDERS: readonly Contender[] = [
  { name: 'ours', description: 'the order service of this repository, in its default style, respond-first' },
  {
    name: 'batches-of-one',
    description: 'ours with each command and each reply in a message of its own',
    env: { BATCH_ENTRIES: '1' },
  },
  { name: 'ours-kafka', description: 'ours with its messages on Kafka; its state is on Redis', broker: 'kafka' },
  {
    name: 'ours-two-replicas',
    description: 'ours with two replicas of the order, consumer and restaurant services each; requests alternate',
    replicas: 2,
  },
  {
    name: 'synchronous',
    description: 'ours in the style synchronous: the response is the decision, after a call to both validators',
    env: { ORDER_STYLE: 'synchronous' },
    needsValidators: true,
  },
  {
    name: 'replication',
    description: 'ours in the style replication: an order is decided on fresh local copies',
    env: { ORDER_STYLE: 'replication' },
    needsValidators: true,
  },
  {
    name: 'messaging',
    description: 'ours in the style messaging: requests and verdicts are messages; an outcome is the acknowledgement',
    topics: [OUTCOMES],
    byMessage: true,
    needsValidators: true,
  },
  {
    name: 'one-by-one',
    description: 'one state transaction and two publishes per order; replies recorded one by one',
    main: main('one-by-one.ts'),
    resources: repliesOneByOne,
  },
  {
    name: 'one-by-one-silent',
    description: 'the same without the publishes: only its transactions',
    main: main('one-by-one.ts'),
    env: { PUBLISH: 'no' },
    resources: repliesOneByOne,
    intakeOnly: true,
  },
  {
    name: 'dapr-outbox',
    description: "Dapr's built-in outbox; replies recorded one by one",
    main: main('dapr-outbox.ts'),
    env: { STATE_STORE: 'orders' },
    resources: builtInOutbox,
    // Dapr names its internal topic by namespace (empty here), application, topic and "outbox", without separators.
    topics: [OUTBOX_TOPIC, `order${OUTBOX_TOPIC}outbox`],
  },
  {
    name: 'redis',
    description:
      'no Dapr in the order service: MULTI with the order and two XADD; replies recorded in batches; HTTP layer as ours',
    main: main('redis.ts'),
    withoutSidecar: true,
  },
  {
    name: 'redis-bare',
    description: 'the same on bare Hono: no limits, no traces, no metrics',
    main: main('redis.ts'),
    env: { BARE: 'yes' },
    withoutSidecar: true,
    intakeOnly: true,
  },
  {
    name: 'nothing-stored',
    description: 'our HTTP layer alone, no store: the ceiling of this machine and this generator',
    main: main('nothing-stored.ts'),
    withoutSidecar: true,
    storesNothing: true,
    intakeOnly: true,
  },
];
