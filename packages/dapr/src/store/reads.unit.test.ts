import type { CallOptions } from '@connectrpc/connect';
import { Code } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import type { DaprService, SidecarClient } from '../sidecar/client.ts';
import { SidecarError } from '../types.ts';
import { dialectOf } from './dialects.ts';
import { createReads } from './reads.ts';

const TYPES = { redis: ['state.redis', 'v1'], postgresql: ['state.postgresql', 'v2'] } as const;

interface Faults {
  /** Keys with an error in every bulk get. */
  readonly inBulk?: readonly string[];
  /** Keys that a get of one key does not read either. */
  readonly alone?: readonly string[];
  /** Maximum number of keys in a response. */
  readonly maxKeys?: number;
}

/** Reads of a store with the keys `a` to `e`, whose values are the keys. */
function setUp(kind: keyof typeof TYPES, { inBulk = [], alone = [], maxKeys = 100 }: Faults) {
  const calls: string[] = [];
  const bytes = (key: string) => new TextEncoder().encode('abcde'.includes(key) ? JSON.stringify(key) : '');
  const etag = (key: string) => ('abcde'.includes(key) ? '1' : '');
  const dapr = {
    async getState({ key }: { readonly key: string }) {
      calls.push(key);
      if (alone.includes(key)) throw new SidecarError(`get of ${key}`, Code.Internal);
      return { data: bytes(key), etag: etag(key) };
    },
    async getBulkState({ keys }: { readonly keys: readonly string[] }) {
      calls.push(keys.join(''));
      if (keys.length > maxKeys) throw new SidecarError('larger than max', Code.ResourceExhausted);
      return {
        items: keys.map((key) =>
          inBulk.includes(key)
            ? { key, data: new Uint8Array(), etag: '', error: 'WRONGTYPE' }
            : { key, data: bytes(key), etag: etag(key), error: '' },
        ),
      };
    },
  };
  const client: SidecarClient = {
    send: (_, call) => call(dapr as unknown as DaprService, {} as CallOptions),
    close: async () => {},
  };
  const [type, version] = TYPES[kind];
  const dialect = dialectOf('state', [{ name: 'state', type, version, capabilities: [] }]);
  const { read } = createReads(client, 'state', dialect);
  return { calls, read: async (keys: string) => [...(await read([...keys])).keys()].toSorted().join('') };
}

describe.each(['redis', 'postgresql'] as const)('a bulk read on %s', (kind) => {
  test('with an error for one key reads that key alone, and returns all', async () => {
    const { read, calls } = setUp(kind, { inBulk: ['c'] });
    expect(await read('abcde')).toBe('abcde');
    expect(calls).toEqual(['abcde', 'c']);
  });

  test('rejects when that key cannot be read alone either, since it may exist', async () => {
    await expect(setUp(kind, { inBulk: ['c'], alone: ['c'] }).read('abcde')).rejects.toThrow('get of c');
  });

  test('rejects at once when no key can be read', async () => {
    const { read, calls } = setUp(kind, { inBulk: [...'abcde'] });
    await expect(read('abcde')).rejects.toThrow('WRONGTYPE');
    expect(calls).toEqual(['abcde']);
  });

  test('reads large documents in smaller parts, in which one key may have an error', async () => {
    const { read } = setUp(kind, { inBulk: ['b'], maxKeys: 2 });
    expect(await read('abcde')).toBe('abcde');
  });

  test('returns no entry for a missing key', async () => {
    expect(await setUp(kind, { inBulk: ['c'] }).read('abcxyz')).toBe('abc');
  });
});
