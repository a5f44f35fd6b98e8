import { systemClock } from '@standing-order/service-kit/runtime';
import { Hono } from 'hono';
import type { SSEMessage } from 'hono/streaming';
import { expect, it, vi } from 'vitest';
import { createEventStreams } from './event-streams.ts';
import { createPolledUpdates, type OpenSource, type Sink } from './polled-updates.ts';

const caller = { key: 'ada', expiresAt: undefined };

type Open = OpenSource<Sink<SSEMessage>>;

/** The events of a source that emits to its listeners directly. */
function eventsOf(open: Open) {
  const updates = createPolledUpdates<SSEMessage, Sink<SSEMessage>>(systemClock, open);
  return (signal: AbortSignal) => updates('key', signal, (sink) => sink);
}

function serve(open: Open, max = 1) {
  const events = eventsOf(open);
  const streams = createEventStreams({ clock: systemClock, max, heartbeatMs: 10_000, writeWithinMs: 20 });
  const app = new Hono().get('/', (c) => streams.open(c, events, caller));
  const destroy = vi.fn();
  return { open: () => app.request('/', {}, { outgoing: { destroy } }), destroy };
}

it('disconnects a client that does not receive its events, and stops reading for it', async () => {
  const unwatched = vi.fn();
  const { open, destroy } = serve((_, { poke }) => {
    const timer = setInterval(poke, 1);
    return {
      poll: async ([sink]) => sink?.emit({ data: 'news' }),
      unwatch() {
        clearInterval(timer);
        unwatched();
      },
    };
  });
  const response = await open();
  await vi.waitUntil(() => destroy.mock.calls.length > 0);
  expect(unwatched).toHaveBeenCalledOnce();
  const next = await open();
  expect([response.status, next.status]).toEqual([200, 200]);
});

it('asks proxies neither to buffer, nor to compress, nor to store the stream', async () => {
  const { open } = serve(() => ({ poll: async ([sink]) => sink?.end(), unwatch() {} }));
  const { headers } = await open();
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
});

it('reads again after a failed read', async () => {
  let reads = 0;
  const { open } = serve(() => ({
    async poll([sink]) {
      if (reads++ === 0) throw new Error('the store is down');
      sink?.emit({ data: 'news' });
      sink?.end();
    },
    unwatch() {},
  }));
  expect(await (await open()).text()).toBe('retry: 1000\n\ndata: news\n\n');
});

it('ends a stream without events when the token of its caller expires', async () => {
  let now = 0;
  const setTimer = (ms: number, fire: () => void) => systemClock.setTimer(ms / 100, fire);
  const streams = createEventStreams({ clock: { setTimer, wall: () => now } });
  const app = new Hono().get('/', (c) => {
    const events = eventsOf(() => ({ poll: async () => {}, unwatch() {} }));
    return streams.open(c, events, { ...caller, expiresAt: 1_000 });
  });
  const text = (await app.request('/')).text();
  const ended = vi.fn();
  void text.then(ended);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(ended).not.toHaveBeenCalled();
  now = 1_000;
  expect(await text).toMatch(/^retry: 1000\n\n(?::\n\n)*$/);
});
