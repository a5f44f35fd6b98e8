import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { placeOrder } from './place-order.ts';

const purchase = { id: 'basket-7', order: {} };

async function startShop(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('ends the wait for the outcome when the program is stopped', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped by SIGINT');
  const shop = await startShop(() => stop.abort(reason));
  const onPending = vi.fn();
  await expect(placeOrder(shop, purchase, { signal: stop.signal, onPending })).rejects.toBe(reason);
  expect(onPending).not.toHaveBeenCalled();
});

test('repeats the same purchase after a timeout, and returns its outcome', async () => {
  const bodies: string[] = [];
  const shop = await startShop(async (request, response) => {
    bodies.push((await request.toArray()).join(''));
    if (bodies.length > 1) response.end('{"kind":"settled"}');
  });
  const onPending = vi.fn();
  const { signal } = new AbortController();
  const outcome = await placeOrder(shop, purchase, { signal, onPending, requestTimeoutMs: 500 });
  expect(outcome).toEqual({ kind: 'settled' });
  expect(onPending).toHaveBeenCalledOnce();
  expect(bodies).toEqual([JSON.stringify(purchase), JSON.stringify(purchase)]);
});

test('rejects with the response of a shop that refuses the purchase', async () => {
  const shop = await startShop((_, response) => response.writeHead(503).end('the shop is stopping'));
  const { signal } = new AbortController();
  const placed = placeOrder(shop, purchase, { signal, onPending: () => {} });
  await expect(placed).rejects.toThrow('the shop responded 503: the shop is stopping');
});
