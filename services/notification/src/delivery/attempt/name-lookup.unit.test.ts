import type { LookupFunction } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createNameLookup } from './name-lookup.ts';

/** A resolver that answers when the test lets it, and a clock. */
function setUp() {
  const running: { readonly hostname: string; readonly end: (error: Error | null) => void }[] = [];
  const lookup = ((hostname: string, _: unknown, callback: (error: Error | null, found: object[]) => void) => {
    running.push({ hostname, end: (error) => callback(error, [{ address: '192.0.2.1', family: 4 }]) });
  }) as unknown as LookupFunction;
  let time = 0;
  const resolve = createNameLookup(lookup, () => time);
  async function endFirst(afterMs: number, error: Error | null = null): Promise<void> {
    time += afterMs;
    running.shift()?.end(error);
    await setImmediate();
  }
  return { resolve, endFirst, running: () => running.map(({ hostname }) => hostname) };
}

const failure = new Error('EAI_AGAIN');

test('connections to one receiver look up its name once', async () => {
  const { resolve, endFirst, running } = setUp();
  const all = Array.from({ length: 8 }, () => resolve('dead.example'));
  expect(running()).toEqual(['dead.example']);
  await endFirst(10);
  expect(await Promise.all(all)).toEqual(Array(8).fill(['192.0.2.1']));
  resolve('dead.example');
  expect(running()).toEqual(['dead.example']);
});

test('names whose name servers do not respond wait for each other, and other names do not', async () => {
  const { resolve, endFirst, running } = setUp();
  for (const name of ['dead.example', 'down.example']) {
    const found = expect(resolve(name)).rejects.toBe(failure);
    await endFirst(10_000, failure);
    await found;
  }
  const dead = resolve('dead.example').catch(() => 'failed');
  const down = resolve('down.example');
  await setImmediate();
  const good = resolve('good.example');
  expect(running()).toEqual(['dead.example', 'good.example']);

  await endFirst(10_000, failure);
  expect(await dead).toBe('failed');
  expect(running()).toEqual(['good.example', 'down.example']);
  await endFirst(1);
  await good;
  await endFirst(1);
  expect(await down).toEqual(['192.0.2.1']);
});

test('a name that is answered again no longer waits', async () => {
  const { resolve, endFirst, running } = setUp();
  for (const name of ['back.example', 'dead.example']) {
    const found = resolve(name);
    await endFirst(10_000);
    await found;
  }
  const back = resolve('back.example');
  await setImmediate();
  await endFirst(1);
  await back;
  const dead = resolve('dead.example');
  await setImmediate();
  resolve('back.example');
  expect(running()).toEqual(['dead.example', 'back.example']);
  await endFirst(1);
  await dead;
});
