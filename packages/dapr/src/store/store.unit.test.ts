import type { CallOptions } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import type { DaprService, SidecarClient } from '../sidecar/client.ts';
import { dialectOf } from './dialects.ts';
import { createStore } from './store.ts';

test('an item that is too large for any request has an unknown outcome, and does not keep the others from being written', async () => {
  const written: string[] = [];
  const dapr = {
    async saveState({ states }: { readonly states: readonly { readonly key: string }[] }) {
      written.push(...states.map(({ key }) => key));
    },
  };
  const client: SidecarClient = {
    send: (_, call) => call(dapr as unknown as DaprService, {} as CallOptions),
    close: async () => {},
  };
  const component = { name: 'state', type: 'state.redis', version: 'v1', capabilities: [] };
  const store = createStore(client, 'state', dialectOf('state', [component]));
  const item = (key: string, size: number) => ({ key, value: 'x'.repeat(size), etag: '1' });
  expect(await store.write([item('a', 1), item('large', 4_000_000), item('b', 1)])).toBe('unknown');
  expect(written).toEqual(['a', 'b']);
  expect(await store.write([item('a', 1)])).toBe('written');
});
