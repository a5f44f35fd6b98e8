import { operationsOf, TOPICS } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import { APIS, pathWithIds } from '../support/routes.ts';
import { everyInvocation, findAllowed } from './neighbour.ts';

test('the neighbour calls every operation of every service, and delivers to every topic of each', () => {
  const called = new Set(everyInvocation().map(({ service, method, path }) => `${method} ${service}${path}`));
  for (const api of APIS) {
    for (const { method, path } of operationsOf(api)) {
      const target = `${api.service}${pathWithIds(path)}`;
      expect(called).toContain(`${method.toUpperCase()} ${target}`);
    }
    for (const topic of Object.keys(TOPICS)) expect(called).toContain(`POST ${api.service}/messages/${topic}`);
  }
});

test('each call is made with the own id, with that of the order service, and without an id', () => {
  const headers = everyInvocation()
    .filter(({ service, method, path }) => method === 'POST' && service === 'consumer' && path === '/changes')
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
  [200, ['200 order: GET /orders']],
  [404, ['404 order: GET /orders']],
  [500, ['500 order: GET /orders']],
])('a call with the status %i is reported as %j', async (status, allowed) => {
  const invocations = [{ service: 'order' as const, method: 'GET', path: '/orders', headers: {} }];
  expect(await findAllowed(invocations, async () => status)).toEqual(allowed);
});
