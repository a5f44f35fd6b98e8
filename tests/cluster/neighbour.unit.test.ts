import { consumerApi, notificationApi, operationsOf, orderApi, restaurantApi, TOPICS } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import { everyInvocation, findAllowed } from './neighbour.ts';

test('the neighbour calls every operation of every service, and delivers to every topic of each', () => {
  const called = new Set(everyInvocation().map(({ method, target }) => `${method} ${target}`));
  for (const api of [orderApi, consumerApi, restaurantApi, notificationApi]) {
    for (const { method, path } of operationsOf(api)) {
      const target = `${api.service}${path.replaceAll(/\{\w+\}/g, '019ab000-0000-7000-8000-000000000000')}`;
      expect(called).toContain(`${method.toUpperCase()} ${target}`);
    }
    for (const topic of Object.keys(TOPICS)) expect(called).toContain(`POST ${api.service}/messages/${topic}`);
  }
});

test('each call is made with the own id, with that of the order service, and without an id', () => {
  const headers = everyInvocation()
    .filter(({ method, target }) => method === 'POST' && target === 'consumer/changes')
    .map((invocation) => invocation.headers);
  expect(headers).toEqual([
    {},
    { 'dapr-caller-app-id': 'order' },
    { connection: expect.stringContaining('dapr-caller-app-id') },
  ]);
});

test.each([
  [401, []],
  [403, []],
  [200, ['200 GET order/orders']],
  [404, ['404 GET order/orders']],
  [500, ['500 GET order/orders']],
])('a call with the status %i is reported as %j', async (status, allowed) => {
  const invocations = [{ method: 'GET', target: 'order/orders', headers: {} }];
  expect(await findAllowed(invocations, async () => status)).toEqual(allowed);
});
