import { TOPICS } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import { broker } from './broker.ts';
import { resiliency, subscriptions } from './messages.ts';
import type { Resource } from './resource.ts';
import { stateStore } from './state.ts';

const settingsOf = ({ spec }: Resource) =>
  Object.fromEntries((spec.metadata as { name: string; value: string }[]).map(({ name, value }) => [name, value]));

test('a batch never waits for more messages than the component works on at a time', () => {
  const { concurrency, queueDepth } = settingsOf(broker('redis', 1));
  for (const { spec } of subscriptions()) {
    const { maxMessagesCount } = spec.bulkSubscribe as { maxMessagesCount: number };
    expect(Number(concurrency)).toBeGreaterThanOrEqual(maxMessagesCount);
    expect(Number(queueDepth)).toBeGreaterThanOrEqual(Number(concurrency));
  }
});

test('on Kafka nothing that was sent before a service first read is left out, and a retry holds up the rest for seconds only', () => {
  expect(settingsOf(broker('kafka', 1))).toMatchObject({ brokers: '127.0.0.1:1', initialOffset: 'oldest' });
  const { policies } = resiliency('kafka').spec as { policies: { retries: Record<string, Record<string, unknown>> } };
  expect(policies.retries.delivery).toEqual({ policy: 'constant', duration: '1s', maxRetries: 3 });
});

test('every topic has one subscriber and a dead-letter topic', () => {
  expect(subscriptions()).toHaveLength(Object.keys(TOPICS).length);
  for (const { spec, scopes } of subscriptions()) {
    expect(spec.deadLetterTopic).toBe(`${spec.topic}-dead`);
    expect(spec.routes).toEqual({ default: `/messages/${spec.topic}` });
    expect(scopes).toHaveLength(1);
  }
});

test('the state store decides nothing by itself: no policy, no retries, no writeTimeout', () => {
  expect(Object.keys((resiliency('redis').spec.targets as { components: object }).components)).toEqual(['messages']);
  const settings = settingsOf(stateStore('redis', 1, ''));
  expect(settings.redisMaxRetries).toBe('-1');
  expect(settings).not.toHaveProperty('writeTimeout');
  expect(settingsOf(stateStore('postgresql', 1, 'secret'))).toMatchObject({ host: '127.0.0.1', password: 'secret' });
});
