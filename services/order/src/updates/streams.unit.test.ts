import { systemClock } from '@standing-order/service-kit/runtime';
import { Hono } from 'hono';
import { expect, it, vi } from 'vitest';
import type { Feed } from './open-stream.ts';
import { createStreams } from './streams.ts';

function serve(feed: Feed, most = 1) {
  const streams = createStreams({ clock: systemClock, most, heartbeatMs: 10_000, writeWithinMs: 20 });
  const app = new Hono().get('/', (c) => streams.open(c, feed));
  const destroy = vi.fn();
  return { open: () => app.request('/', {}, { outgoing: { destroy } }), destroy };
}

const endless = (): Feed & { readonly unwatched: () => void } => ({
  news: async () => ({ events: [{ data: 'news' }], over: false }),
  watch(sooner) {
    const timer = setInterval(sooner, 1);
    return () => {
      clearInterval(timer);
      this.unwatched();
    };
  },
  unwatched: vi.fn(),
});

it('a client that does not take what it is sent is cut off, and nothing more is read for it', async () => {
  const feed = endless();
  const { open, destroy } = serve(feed);
  const response = await open();
  await vi.waitUntil(() => destroy.mock.calls.length > 0);
  expect(feed.unwatched).toHaveBeenCalledOnce();
  const next = await open();
  expect([response.status, next.status]).toEqual([200, 200]);
});

it('what cannot be read now is read later', async () => {
  let reads = 0;
  const feed: Feed = {
    async news() {
      if (reads++ === 0) throw new Error('the store is down');
      return { events: [{ data: 'news' }], over: true };
    },
    watch: () => () => {},
  };
  expect(await (await serve(feed).open()).text()).toBe('retry: 1000\n\ndata: news\n\n');
});
