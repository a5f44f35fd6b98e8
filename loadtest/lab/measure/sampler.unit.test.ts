import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Platform } from '@standing-order/local';
import { expect, test, vi } from 'vitest';
import { createSampler, Increases } from './sampler.ts';

test('sums increases, also over the restart of a process that counts from 0', () => {
  const increases = new Increases();
  for (const value of [100, 110, 4, 9]) increases.observe('a', value);
  expect(increases.sum).toBe(19);
});

test('counts a process that started later from its start', () => {
  const increases = new Increases();
  increases.observe('a', 100);
  increases.observe('b', 7, 0);
  expect(increases.sum).toBe(7);
});

test('sums the decisions that wait for the notification service over the order replicas that respond', async () => {
  const expositions = [
    'orders_waiting{channel="notification",state="in-flight"} 5\norders_waiting{channel="notification",state="parked"} 2\n' +
      'orders_waiting{channel="consumer",state="in-flight"} 90\norders_waiting_age{channel="notification"} 70\n',
    'orders_waiting{channel="notification",state="blocked"} 4\n',
    undefined,
  ];
  const servers = expositions.map((exposition) =>
    createServer((_, response) => {
      if (exposition === undefined) response.writeHead(503);
      response.end(exposition);
    }).listen(0, '127.0.0.1'),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const order = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const samplerOf = (urls: readonly string[]) =>
    createSampler({ processes: () => [], urls: { order: urls } } as unknown as Platform);
  const [sampler, unanswered] = [samplerOf(order), samplerOf(order.slice(2))];
  try {
    await Promise.all([sampler.begin(), unanswered.begin()]);
    expect(sampler.unnotified()).toEqual([{ at: expect.any(Number), orders: 11 }]);
    expect(unanswered.unnotified()).toEqual([]);
  } finally {
    sampler.end();
    unanswered.end();
    for (const server of servers) server.close();
  }
});

test('takes no further sample while a service has not responded to the pending one', async () => {
  const held: ServerResponse[] = [];
  let requests = 0;
  let responds = true;
  const server = createServer((_, response) => {
    requests += 1;
    if (responds) response.end();
    else held.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const platform = { processes: () => [], urls: { order: [`http://127.0.0.1:${port}`] } };
  const sampler = createSampler(platform as unknown as Platform);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    await sampler.begin();
    responds = false;
    vi.advanceTimersByTime(5_000);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    responds = true;
    for (const response of held) response.end();
    await sampler.read();
    expect(requests).toBe(3);
  } finally {
    sampler.end();
    vi.useRealTimers();
    server.close();
  }
});
