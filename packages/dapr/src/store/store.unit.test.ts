import type { CallOptions } from '@connectrpc/connect';
import { expect, test, vi } from 'vitest';
import type { DaprService, SidecarClient } from '../sidecar/client.ts';
import { dialectOf } from './dialects.ts';
import { createStore } from './store.ts';

/** A store whose writes call `saved` with their keys. */
function setUp(saved: (keys: readonly string[]) => void) {
  const dapr = {
    async saveState({ states }: { readonly states: readonly { readonly key: string }[] }) {
      saved(states.map(({ key }) => key));
    },
  };
  const client: SidecarClient = {
    send: (_, call) => call(dapr as unknown as DaprService, {} as CallOptions),
    close: async () => {},
  };
  const component = { name: 'state', type: 'state.redis', version: 'v1', capabilities: [] };
  return createStore(client, 'state', dialectOf('state', [component]));
}

const item = (key: string, size: number) => ({ key, value: 'x'.repeat(size), etag: '1' });

test('an item that is too large for any request has an unknown outcome, and does not keep the others from being written', async () => {
  const written: string[] = [];
  const store = setUp((keys) => written.push(...keys));
  expect(await store.write([item('a', 1), item('large', 4_000_000), item('b', 1)])).toBe('unknown');
  expect(written).toEqual(['a', 'b']);
  expect(await store.write([item('a', 1)])).toBe('written');
});

test.each(['monotonic', 'wall'])(
  'a pause between two requests of a write, on the %s clock, ends the write',
  async (paused) => {
    const now = { monotonic: performance.now(), wall: Date.now() };
    vi.spyOn(performance, 'now').mockImplementation(() => now.monotonic);
    vi.spyOn(Date, 'now').mockImplementation(() => now.wall);
    const written: string[] = [];
    const store = setUp((keys) => {
      written.push(...keys);
      now[paused as keyof typeof now] += 60_000;
    });
    expect(await store.write([item('a', 3_000_000), item('b', 3_000_000)])).toBe('unknown');
    expect(written).toEqual(['a']);
    expect(await store.write([item('b', 3_000_000)])).toBe('written');
    vi.restoreAllMocks();
  },
);
