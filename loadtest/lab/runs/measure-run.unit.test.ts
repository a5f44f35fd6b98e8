import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { parseFault } from '../timetable/read.ts';
import { measureRun } from './measure-run.ts';

const FAULT = `name: consumer-down
group: validators
title: Consumer service down
description: The process of the consumer service is killed.
actions:
  - do: kill
    targets: [consumer]
`;

/** A server that creates every entity and decides every order at once. */
async function startServices() {
  const server = createServer((request, response) => {
    request.resume();
    const isOrder = request.method === 'POST' && request.url === '/orders';
    const status =
      request.method === 'GET' ? 200 : isOrder && request.headers['order-style'] === 'respond-first' ? 202 : 201;
    response.writeHead(status).end(JSON.stringify({ id: 'order-1', status: 'VALIDATED' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('an interrupted run undoes its fault before it ends', async () => {
  const services = await startServices();
  const interrupt = new AbortController();
  const log: string[] = [];
  const target = {
    endpoints: { order: [services.url], consumer: services.url, restaurant: services.url },
    injector: {
      async apply() {
        log.push('fault applied');
        return {
          async undo() {
            log.push('fault undone');
          },
        };
      },
    },
    startLoad: async () => ({ startedAt: Date.now(), ended: new Promise<string>(() => {}) }),
    describeMachine: async () => 'two processors',
    withStore: () => Promise.reject(new Error('an interrupted run is not judged')),
  };
  const run = measureRun(target, {
    plan: { fault: 'consumer-down', broker: 'redis', repetition: 1, rate: 1, before: 0, during: 3_600, after: 1 },
    fault: parseFault(FAULT, 'consumer-down.yaml'),
    ...{ folder: '/nowhere', keepLogs: false, commit: 'sample', signal: interrupt.signal },
    report: (line) => {
      log.push(line.replace(/\d+ ms/, '- ms'));
      if (line.startsWith('fault in effect')) interrupt.abort(new Error('stopped by SIGINT'));
    },
  });
  try {
    await expect(run).rejects.toThrow(/aborted|SIGINT/);
    expect(log).toEqual(['warm', 'fault applied', 'fault in effect after - ms', 'fault undone']);
  } finally {
    await services.close();
  }
});
