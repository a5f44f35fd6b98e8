import { join } from 'node:path';
import { batchTypeOf, TOPICS } from '@standing-order/contracts';
import { describe, expect, test } from 'vitest';
import { BROKERS, readDaprFile, valuesOf } from '../../test/support/dapr-folder.ts';
import { brokerPort, LOOPBACK, SERVICES, statePort } from '../ports.ts';
import { type Resource, readResources } from './resource.ts';
import { DAPR_FOLDER } from './source.ts';

const defaultBase = 4000;
const state = `${LOOPBACK}:${statePort(defaultBase)}`;
const broker = `${LOOPBACK}:${brokerPort(defaultBase)}`;

const subscriptions = await readResources(join(DAPR_FOLDER, 'subscriptions'));

const MIB = 1024 * 1024;

describe('the files of deploy/dapr', () => {
  test('subscribe the service of the contract to each of its topics, with a dead-letter topic', () => {
    const subscribed = subscriptions.map(({ metadata, spec, scopes }) => ({
      name: metadata.name,
      topic: spec.topic,
      pubsub: spec.pubsubname,
      routes: spec.routes,
      deadLetter: spec.deadLetterTopic,
      subscribers: scopes,
    }));
    const contracted = Object.values(TOPICS).map(({ name, subscriber, deadLetter }) => ({
      name,
      topic: name,
      pubsub: 'messages',
      routes: { default: `/messages/${name}` },
      deadLetter,
      subscribers: [subscriber],
    }));
    expect(subscribed).toEqual(contracted.sort((a, b) => a.name.localeCompare(b.name)));
    for (const { deadLetter, topic } of subscribed) expect(deadLetter).toBe(`${topic}-dead`);
  });

  const bulkOf = (spec: Resource['spec']) =>
    spec.bulkSubscribe as { maxMessagesCount: number; maxAwaitDurationMs: number } | undefined;

  test('deliver batch messages one by one, without a wait', () => {
    const batched = subscriptions.filter(({ spec }) => batchTypeOf(String(spec.topic)) !== undefined);
    expect(batched.map(({ spec }) => [spec.topic, bulkOf(spec)])).toEqual([
      ['consumer-commands', undefined],
      ['order-confirmations', undefined],
      ['order-replies', undefined],
      ['order-requests', undefined],
      ['restaurant-commands', undefined],
    ]);
  });

  test('wake up an idle sidecar at most 30 times a second', () => {
    for (const appId of SERVICES) {
      const own = subscriptions.flatMap(({ scopes, spec }) => (scopes?.includes(appId) ? (bulkOf(spec) ?? []) : []));
      const wakeups = own.reduce((sum, { maxAwaitDurationMs }) => sum + 1_000 / maxAwaitDurationMs, 0);
      expect(wakeups, appId).toBeLessThanOrEqual(30);
    }
  });

  test('leave the Redis broker workers for other messages while batches are collected', async () => {
    const { concurrency } = valuesOf(await readDaprFile('pubsub/redis/messages.yaml'));
    for (const appId of SERVICES) {
      const own = subscriptions.flatMap(({ scopes, spec }) => (scopes?.includes(appId) ? (bulkOf(spec) ?? []) : []));
      const collected = own.reduce((sum, { maxMessagesCount }) => sum + maxMessagesCount, 0);
      expect(collected, appId).toBeLessThan(Number(concurrency));
    }
  });

  test('bound the messages that a sidecar holds, so that large ones fit into half of its memory limit', async () => {
    const largest = 256 * 1024;
    const half = 256 * MIB;
    const topics = subscriptions.filter(({ scopes }) => scopes?.includes('order')).length;
    const { concurrency, queueDepth } = valuesOf(await readDaprFile('pubsub/redis/messages.yaml'));
    // Per topic a read, then the queue and the workers. The messages of workers are copied into deliveries.
    const redis = topics * Number(queueDepth) + Number(queueDepth) + 3 * Number(concurrency);
    expect(redis * largest).toBeLessThan(half / 2);
  });

  test('make Kafka start at the oldest message and retry a delivery for seconds only', async () => {
    expect(valuesOf(await readDaprFile('pubsub/kafka/messages.yaml'))).toMatchObject({
      initialOffset: 'oldest',
      sessionTimeout: '6s',
      heartbeatInterval: '500ms',
    });
    const { policies } = (await readDaprFile('pubsub/kafka/delivery.yaml')).spec as {
      policies: { retries: Record<string, unknown> };
    };
    expect(policies.retries.delivery).toEqual({ policy: 'constant', duration: '250ms', maxRetries: 12 });
  });

  test('give the state store no policy, no retries and no writeTimeout', async () => {
    const policies = [
      ...(await Promise.all(BROKERS.map((kind) => readDaprFile(`pubsub/${kind}/delivery.yaml`)))),
      ...(await readResources(join(DAPR_FOLDER, 'resiliency'))),
    ];
    const targets = policies.map(({ spec }) => Object.keys((spec.targets as { components?: object }).components ?? {}));
    expect(targets).toEqual([['messages'], ['messages'], []]);
    const settings = valuesOf(await readDaprFile('state/redis/state.yaml'));
    expect(settings.redisMaxRetries).toBe('-1');
    expect(settings).not.toHaveProperty('writeTimeout');
  });

  test('have the addresses of npm start with its default ports', async () => {
    expect(valuesOf(await readDaprFile('state/redis/state.yaml')).redisHost).toBe(state);
    expect(valuesOf(await readDaprFile('pubsub/redis/messages.yaml')).redisHost).toBe(broker);
    expect(valuesOf(await readDaprFile('pubsub/kafka/messages.yaml')).brokers).toBe(broker);
    const { connectionString = '' } = valuesOf(await readDaprFile('state/postgresql/state.yaml'));
    expect(connectionString).toContain(`host=${LOOPBACK} port=${statePort(defaultBase)} `);
    expect(connectionString).not.toContain('password');
  });
});
