import { loopback } from '../ports.ts';
import { component, type Resource } from './resource.ts';

export type BrokerKind = 'redis' | 'kafka';

/**
 * Most messages that a service is handed at a time. A sidecar hands over one batch of a topic and waits for the answer before
 * it hands over the next, so this, and not the number of workers, says how many answers are recorded at once.
 */
export const batch = 512;
const processingTimeoutMs = 60_000;

/** The broker, under the name that the services know. */
export function broker(kind: BrokerKind, port: number): Resource {
  return kind === 'redis' ? redisBroker(port) : kafkaBroker(port);
}

function redisBroker(port: number): Resource {
  return component('messages', 'pubsub.redis', 'v1', {
    redisHost: `${loopback}:${port}`,
    // Each message holds a worker until its batch is answered: one batch under way, and the next one gathered meanwhile.
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

function kafkaBroker(port: number): Resource {
  return component('messages', 'pubsub.kafka', 'v1', {
    brokers: `${loopback}:${port}`,
    authType: 'none',
    disableTls: 'true',
    // The default speaks a protocol of 2018. Any from 2.1 to that of the broker will do, and there are brokers of 3.6 still.
    version: '3.6.0',
    // The default is "newest": what is sent before a service first commits an offset would never be seen.
    initialOffset: 'oldest',
    // How soon the partitions of a sidecar that died go to another replica's; the least that a broker allows by default.
    sessionTimeout: '6s',
    heartbeatInterval: '2s',
    // No consumerGroup: it is the app id, so that replicas share the messages of their service.
  });
}
