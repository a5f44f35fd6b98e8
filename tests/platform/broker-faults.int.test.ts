import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get, getMetrics } from '../support/client.ts';
import { usePlatform } from '../support/platform-fixture.ts';
import { connectRedis, type Redis } from '../support/redis.ts';

const fixture = usePlatform(() => ({ replicas: { order: 1, consumer: 1, restaurant: 1, notification: 1 } }));
let broker: Redis;

beforeAll(async () => {
  broker = await connectRedis(fixture().platform.stores.broker);
});
afterAll(() => broker.destroy());

/** Sets the password of the broker. Its clients have another one. */
async function setPassword(password: string): Promise<void> {
  await broker.configSet('requirepass', password);
  await broker.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']);
}

const readiness = (service: 'order' | 'consumer') => get(`${fixture().platform.urls[service][0]}/readyz`);

/** Waits until a service is ready and reports these reasons, and no others. */
const reports = (service: 'order' | 'consumer', ...reasons: RegExp[]) =>
  poll(
    `${service} reports ${reasons.join(' and ') || 'no fault'}`,
    () => readiness(service),
    ({ status, body }) =>
      status === 200 &&
      body.reasons.length === reasons.length &&
      reasons.every((reason, index) => reason.test(body.reasons[index])),
    120_000,
  );

const faultsMetric = async () => {
  const text = await getMetrics(fixture().platform.urls.order[0]);
  return /^broker_faults (\d+)$/m.exec(text)?.[1];
};

test('a broker that refuses the password is reported by /readyz and a metric, and orders are acknowledged', async () => {
  const { platform } = fixture();
  await reports('order');
  expect(await faultsMetric()).toBe('0');

  await setPassword('changed');
  expect(await fixture().place(2)).toMatchObject([{ status: 202 }, { status: 202 }]);
  await reports('order', /^the broker refuses messages on the topic consumer-commands:/, /restaurant-commands:/);
  expect(await faultsMetric()).toBe('2');

  // A sidecar that starts now does not load the component.
  for (const service of ['order', 'consumer'] as const) {
    await platform.stop(`${service}-1-dapr`);
    await platform.stop(`${service}-1`);
    await platform.start(`${service}-1-dapr`);
    await platform.start(`${service}-1`);
    await reports(service, /^the sidecar has not loaded the component messages/);
  }
  expect(await fixture().place(1)).toMatchObject([{ status: 202 }]);

  await setPassword('');
  for (const service of ['order', 'consumer'] as const) await reports(service);
  await fixture().allDecided(120_000);
  expect(await faultsMetric()).toBe('0');
});
