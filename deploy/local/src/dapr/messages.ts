import { type Topic, topics } from '@standing-order/contracts';
import { loopback } from '../ports.ts';
import { component, type Resource } from './resource.ts';

const batch = 128;
const processingTimeoutMs = 60_000;

/** The broker, under the name that the services know. */
export function broker(port: number): Resource {
  return component('messages', 'pubsub.redis', 'v1', {
    redisHost: `${loopback}:${port}`,
    // Each message of a batch holds a worker until the batch is answered: two full batches at a time.
    concurrency: String(2 * batch),
    queueDepth: String(4 * batch),
    // Both in milliseconds: a duration such as "5s" is silently ignored for redeliverInterval.
    processingTimeout: String(processingTimeoutMs),
    redeliverInterval: '5000',
    // Handled messages stay in a stream until it is trimmed. A writer of the outbox has at most 4,096 commands in flight per
    // topic, so this is twelve full writers; and what a trim should ever lose, the outbox sends again.
    maxLenApprox: '50000',
    // No readTimeout: it would end a waiting read at the very moment at which Redis may have handed messages to it, and
    // those would then lie for the whole of processingTimeout.
    // A read that fails is repeated without a pause, so the pause has to be in here.
    redisMaxRetries: '2',
    redisMinRetryInterval: '250ms',
    redisMaxRetryInterval: '1s',
  });
}

/** One subscription per topic, for the service that the contract names. */
export function subscriptions(): Resource[] {
  return Object.values<Topic>(topics).map((topic) => ({
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
 * topic. Finite: one poison message with endless retries stops a whole Redis component. 14 s of waiting and eight
 * attempts of at most 5 s stay below processingTimeout, after which another sidecar would run the messages in parallel;
 * and an application that is back within that time has lost none. Not exponential, so that it is found again within 2 s.
 * The state store has no policy: the application owns its deadlines, and a policy that gives up does not stop the write.
 */
export function resiliency(): Resource {
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Resiliency',
    metadata: { name: 'standing-order' },
    spec: {
      policies: { retries: { delivery: { policy: 'constant', duration: '2s', maxRetries: 7 } } },
      targets: { components: { messages: { inbound: { retry: 'delivery' } } } },
    },
  };
}
