// @module-tag nginx

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Nginx, startNginx } from '../support/nginx.ts';
import { answersOk, CONSUMER, usePlatform } from '../support/platform-fixture.ts';

/** The headers of an event stream that ask proxies to neither buffer nor transform it. */
const PROXY_HEADERS = ['x-accel-buffering', 'cache-control'];
const MARKED = '/marked';
const UNMARKED = '/unmarked';

const fixture = usePlatform(() => ({ replicas: { order: 1 } }));
const orderService = () => fixture().platform.urls.order[0] as string;

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

/** Event streams that the test writes, by path. Those at MARKED have the headers for proxies of the order service. */
const written = new Map<string | undefined, ServerResponse>();
let nginx: Nginx;

async function startUpstream(headers: Readonly<Record<string, string>>): Promise<string> {
  const server = createServer(({ url }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...(url === MARKED && headers) });
    written.set(url, response);
  });
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const { headers } = await fetch(`${orderService()}/consumers/${CONSUMER}/orders/events`, { method: 'HEAD' });
  const upstream = await startUpstream(
    Object.fromEntries(PROXY_HEADERS.map((name) => [name, headers.get(name) ?? 'missing'])),
  );
  nginx = await startNginx(join(fixture().platform.dataDir, 'nginx'), [orderService(), upstream]);
  ends.push(nginx.stop);
});

/** The part of a stream that a client has received so far. */
interface Received {
  text: string;
  encoding: string | null;
  hasEnded: boolean;
  error?: unknown;
}

/** Reads a stream at one of the URLs of nginx, with a client that accepts gzip as browsers do. */
function receive(url: string | undefined, path: string): Received {
  const received: Received = { text: '', encoding: null, hasEnded: false };
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const read = async () => {
    const { body, headers } = await fetch(`${url}${path}`, { signal: leaving.signal });
    received.encoding = headers.get('content-encoding');
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) received.text += text;
    received.hasEnded = true;
  };
  read().catch((error: unknown) => {
    received.error = error;
  });
  return received;
}

/** The statuses of an order in the events that have arrived. */
const statusesOf = (id: string, { text }: Received): string[] =>
  [...text.matchAll(/^data: (.*)\n/gm)]
    .map(([, data = '']) => JSON.parse(data))
    .filter((order) => order.id === id)
    .map((order) => order.status);

/** Runs `work` with an order that stays PENDING meanwhile, and with the streams of the order and its consumer. */
async function withPendingOrder<T>(work: (id: string, streams: readonly [Received, Received]) => Promise<T>) {
  const [url] = nginx.urls;
  await fixture().platform.kill('consumer-1');
  try {
    const [placed] = await fixture().place(1);
    const id: string = placed?.body.id;
    return await work(id, [receive(url, `/orders/${id}/events`), receive(url, `/consumers/${CONSUMER}/orders/events`)]);
  } finally {
    await fixture().platform.start('consumer-1');
    await answersOk(`${fixture().platform.urls.consumer[0]}/readyz`);
  }
}

const arrive = (what: string, streams: readonly Received[], hasArrived: (stream: Received) => boolean) =>
  poll(
    what,
    () => streams,
    () => streams.every(hasArrived),
  );

describe('behind an nginx that compresses and buffers event streams', () => {
  test('the events of an order and of its consumer arrive while their streams are open', async () => {
    const { id, streams } = await withPendingOrder(async (id, streams) => {
      await arrive('PENDING', streams, (stream) => statusesOf(id, stream).includes('PENDING'));
      expect(streams).toMatchObject([
        { encoding: 'gzip', hasEnded: false },
        { encoding: 'gzip', hasEnded: false },
      ]);
      return { id, streams };
    });
    await arrive('VALIDATED', streams, (stream) => statusesOf(id, stream).at(-1) === 'VALIDATED');
    const [ofOrder, ofConsumer] = streams;
    await arrive('the end', [ofOrder], ({ hasEnded }) => hasEnded);
    expect(ofConsumer.hasEnded).toBe(false);
  });

  test('the first bytes and the heartbeats of streams without new events arrive', async () => {
    await withPendingOrder(async (_, streams) => {
      const silent = receive(nginx.urls[0], '/consumers/silent/orders/events');
      const all = [...streams, silent];
      await arrive('the interval for reconnections', all, ({ text }) => text.startsWith('retry: '));
      expect(silent.text).toBe('retry: 1000\n\n');
      await arrive('a heartbeat', all, ({ text }) => text.endsWith('\n\n:\n\n'));
      expect(all.map(({ encoding, hasEnded }) => ({ encoding, hasEnded }))).toEqual(
        all.map(() => ({ encoding: 'gzip', hasEnded: false })),
      );
    });
  });

  test('events of a service without the same headers are held back until their stream ends', async () => {
    const [, url] = nginx.urls;
    const marked = receive(url, MARKED);
    const unmarked = receive(url, UNMARKED);
    await poll(
      'both streams are open',
      () => written.size,
      (size) => size === 2,
    );
    let events = '';
    for (const name of ['first', 'second', 'third']) {
      const event = `data: ${name}\n\n`;
      events += event;
      for (const response of [written.get(UNMARKED), written.get(MARKED)]) response?.write(event);
      await arrive(`the ${name} event with the headers`, [marked], ({ text }) => text === events);
      expect(unmarked.text).toBe('');
    }
    written.get(UNMARKED)?.end();
    await arrive('the end of the stream without the headers', [unmarked], ({ hasEnded }) => hasEnded);
    expect(unmarked).toMatchObject({ text: events, encoding: 'gzip' });
    expect(marked).toMatchObject({ encoding: 'gzip', hasEnded: false });
  });
});
