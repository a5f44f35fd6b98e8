import { TOPICS, type Topic } from '@standing-order/contracts';
import { type BrokerKind, batch } from './broker.ts';
import type { Resource } from './resource.ts';

/** One subscription per topic, for the service that the contract names. */
export function subscriptions(): Resource[] {
  return Object.values<Topic>(TOPICS).map((topic) => ({
    apiVersion: 'dapr.io/v2alpha1',
    kind: 'Subscription',
    metadata: { name: topic.name },
    spec: {
      pubsubname: 'messages',
      topic: topic.name,
      routes: { default: `/messages/${topic.name}` },
      deadLetterTopic: topic.deadLetter,
      bulkSubscribe: { enabled: true, maxMessagesCount: batch, maxAwaitDurationMs: 20 },
    },
    scopes: [topic.subscriber],
  }));
}

/**
 * How often a batch that its handler refuses, or that finds no application, is tried again before it goes to the dead-letter
 * topic. Finite: one poison message with endless retries stops a whole Redis component. Not exponential, so that an
 * application that is back is found again within 2 s.
 *
 * On Redis 6 s of waiting and four attempts of at most 3 s stay below a third of processingTimeout, after which another
 * sidecar would run the messages in parallel: those that wait behind such a batch age, too. An application that is back within
 * the 6 s has lost none. On Kafka a batch that is tried again holds up everything else that the sidecar is to deliver, so it
 * is given up sooner. The outbox repairs both.
 *
 * The state store has no policy: the application owns its deadlines, and a policy that gives up does not stop the write.
 */
export function resiliency(kind: BrokerKind): Resource {
  const retries = { redis: { duration: '2s', maxRetries: 3 }, kafka: { duration: '1s', maxRetries: 3 } }[kind];
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Resiliency',
    metadata: { name: 'standing-order' },
    spec: {
      policies: { retries: { delivery: { policy: 'constant', ...retries } } },
      targets: { components: { messages: { inbound: { retry: 'delivery' } } } },
    },
  };
}
