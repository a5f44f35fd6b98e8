// @module-tag kafka
// @module-tag java
import { Admin } from '@platformatic/kafka';
import { TOPICS } from '@standing-order/contracts';
import { poll } from '@standing-order/testing/poll';
import { expect, test } from 'vitest';
import { get } from '../support/client.ts';
import { usePlatform } from '../support/platform-fixture.ts';

const fixture = usePlatform(() => ({
  broker: 'kafka',
  replicas: { order: 1, consumer: 1, restaurant: 1, notification: 1 },
  kafka: { 'auto.create.topics.enable': 'false' },
}));

const reasonsOf = async () => (await get(`${fixture().platform.urls.order[0]}/readyz`)).body.reasons as string[];

test('topics that are created later are used without a restart; until then readiness names them', async () => {
  const { platform } = fixture();
  const pids = () => platform.processes().map(({ name, pid }) => [name, pid]);
  const before = pids();
  expect(await fixture().place(2)).toMatchObject([{ status: 202 }, { status: 202 }]);
  const named = await poll('readiness names a topic', reasonsOf, (reasons) => reasons.length >= 2, 120_000);
  expect(named.join('\n')).toMatch(/the topic consumer-commands:[\s\S]*restaurant-commands:/);

  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [new URL(platform.stores.broker).host] });
  await admin.createTopics({
    topics: Object.keys(TOPICS).flatMap((topic) => [topic, `${topic}-dead`]),
    partitions: 8,
    replicas: 1,
  });
  await admin.close();

  await fixture().allDecided(240_000);
  await poll('readiness names no topic', reasonsOf, (reasons) => reasons.length === 0, 120_000);
  expect(pids()).toEqual(before);
});
