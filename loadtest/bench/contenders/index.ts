import { fileURLToPath } from 'node:url';
import type { Resource } from '@standing-order/local';
import { OUTCOMES } from '../generator/messages.ts';
import type { Contender } from '../rig/contender.ts';
import { OUTBOX_TOPIC } from './topics.ts';

const main = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Replies come one at a time, as to an application that does not ask for batches. */
const repliesOneByOne = (resources: readonly Resource[]): readonly Resource[] =>
  resources.map((resource) => {
    if (resource.kind !== 'Subscription' || resource.metadata.name !== 'order-replies') return resource;
    const { bulkSubscribe: _, ...spec } = resource.spec;
    return { ...resource, spec };
  });

/** A second state component on the same Redis, with Dapr's outbox, and a subscription that brings its events back to the service. */
function builtInOutbox(resources: readonly Resource[]): readonly Resource[] {
  const state = resources.find(({ kind, metadata }) => kind === 'Component' && metadata.name === 'state');
  if (state === undefined) throw new Error('the platform has no component "state"');
  const outbox = { outboxPublishPubsub: 'messages', outboxPublishTopic: OUTBOX_TOPIC };
  const metadata = [
    ...(state.spec.metadata as readonly object[]),
    ...Object.entries(outbox).map(([name, value]) => ({ name, value })),
  ];
  return [
    ...repliesOneByOne(resources),
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

/** Everything that is compared; the first is ours. */
export const contenders: readonly Contender[] = [
  { name: 'ours', what: 'the order service of this repository, in its default style, respond-first' },
  {
    name: 'synchronous',
    what: 'ours in the style synchronous: both are asked first, and the answer is the verdict',
    env: { ORDER_STYLE: 'synchronous' },
    needsValidators: true,
  },
  {
    name: 'replication',
    what: 'ours in the style replication: the verdict comes from replicas that are fresh',
    env: { ORDER_STYLE: 'replication' },
    needsValidators: true,
  },
  {
    name: 'messaging',
    what: 'ours in the style messaging: requests are messages, and so are the verdicts; acknowledged is what has its verdict',
    topics: [OUTCOMES],
    byMessage: true,
    needsValidators: true,
  },
  {
    name: 'one-by-one',
    what: 'one state transaction and two publishes per order; replies recorded one by one',
    main: main('one-by-one.ts'),
    resources: repliesOneByOne,
  },
  {
    name: 'one-by-one-silent',
    what: 'the same without the publishes: only its transactions',
    main: main('one-by-one.ts'),
    env: { PUBLISH: 'no' },
    resources: repliesOneByOne,
    acceptsOnly: true,
  },
  {
    name: 'dapr-outbox',
    what: "Dapr's built-in outbox; replies recorded one by one",
    main: main('dapr-outbox.ts'),
    env: { STATE_STORE: 'orders' },
    resources: builtInOutbox,
    // The second one is Dapr's own: namespace (none here), application, topic and "outbox" in one word.
    topics: [OUTBOX_TOPIC, `order${OUTBOX_TOPIC}outbox`],
  },
  {
    name: 'redis',
    what: 'no Dapr in the order service: MULTI with the order and two XADD; replies recorded in batches; HTTP layer as ours',
    main: main('redis.ts'),
    withoutSidecar: true,
  },
  {
    name: 'redis-bare',
    what: 'the same on bare Hono: no limits, no traces, no metrics',
    main: main('redis.ts'),
    env: { BARE: 'yes' },
    withoutSidecar: true,
    acceptsOnly: true,
  },
  {
    name: 'nothing-stored',
    what: 'the HTTP layer of ours alone, no store: the ceiling of this machine and this generator',
    main: main('nothing-stored.ts'),
    withoutSidecar: true,
    storesNothing: true,
    acceptsOnly: true,
  },
];
