import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendRequest } from '../src/control/client.ts';
import { socketPath } from '../src/options.ts';
import { type Platform, startPlatform } from '../src/platform.ts';
import { findPortBase } from '../src/ports.ts';
import { answersOk } from '../src/wait.ts';
import { eventually, nothingLeft, STAND_IN, temporaryDir } from './support/harness.ts';

const dir = temporaryDir();
const reports: string[] = [];
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({
    dataDir: dir.path,
    portBase: await findPortBase(),
    main: { order: STAND_IN, consumer: STAND_IN, restaurant: STAND_IN },
    onProgress: (line) => reports.push(line),
  });
});

afterAll(async () => {
  const before = platform.processes();
  await platform.close();
  await nothingLeft(
    before.flatMap(({ pid }) => pid ?? []),
    before.flatMap(({ ports }) => ports),
  );
  dir.remove();
});

const managed = (name: string) => platform.processes().find((view) => view.name === name);

function sidecar(path: string, body: unknown, method = 'POST'): Promise<Response> {
  const headers = { 'dapr-api-token': platform.secrets.daprApiToken, 'content-type': 'application/json' };
  return fetch(`${platform.sidecarUrls.order[0]}${path}`, {
    method,
    headers,
    ...(method === 'POST' && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
}

async function publish(topic: string, count: number): Promise<void> {
  const batch = 500;
  for (let first = 0; first < count; first += batch) {
    const entries = Array.from({ length: Math.min(batch, count - first) }, (_, index) => ({
      entryId: String(index),
      event: { number: first + index },
      contentType: 'application/json',
    }));
    const response = await sidecar(`/v1.0/publish/bulk/messages/${topic}`, entries);
    if (!response.ok) throw new Error(`publishing: ${response.status} ${await response.text()}`);
  }
}

async function taken(url: string | undefined, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/`, { signal });
  return ((await response.json()) as { taken: number }).taken;
}

test('all processes run, each with its own process and ports', () => {
  const views = platform.processes();
  expect(views.map(({ name }) => name)).toEqual([
    'redis-state',
    'redis-broker',
    'order-1',
    'order-1-dapr',
    'consumer-1',
    'consumer-1-dapr',
    'restaurant-1',
    'restaurant-1-dapr',
  ]);
  expect(new Set(views.map(({ pid }) => pid)).size).toBe(views.length);
  expect(views.every(({ state }) => state === 'running')).toBe(true);
});

test('a killed process stays down until it is started again, on the same ports', async () => {
  const before = managed('consumer-1');
  await platform.kill('consumer-1');
  expect(managed('consumer-1')).toMatchObject({ state: 'stopped', ended: 'ended by SIGKILL' });
  await expect(fetch(`${platform.urls.consumer[0]}/`)).rejects.toThrow();
  await platform.start('consumer-1');
  expect(managed('consumer-1')).toMatchObject({ state: 'running', ports: before?.ports });
  expect(managed('consumer-1')?.pid).not.toBe(before?.pid);
});

test('a stopped process ends by itself', async () => {
  await platform.stop('restaurant-1');
  expect(managed('restaurant-1')).toMatchObject({ state: 'stopped', ended: 'exit code 0' });
  await platform.start('restaurant-1');
});

test('a paused process answers nothing, and goes on when it is resumed', async () => {
  await platform.pause('order-1');
  expect(managed('order-1')?.state).toBe('paused');
  await expect(fetch(`${platform.urls.order[0]}/`, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
  await platform.resume('order-1');
  await eventually('it answers', answersOk(`${platform.urls.order[0]}/`));
});

test('a process that ends by itself is reported and stays down', async () => {
  process.kill(managed('restaurant-1')?.pid ?? 0, 'SIGKILL');
  await eventually('it is reported', async () => {
    if (!reports.some((line) => line.startsWith('restaurant-1 ended by itself (ended by SIGKILL)')))
      throw new Error(reports.join('\n'));
  });
  expect(managed('restaurant-1')?.state).toBe('failed');
  await platform.start('restaurant-1');
});

test('writes to the state store survive a kill of the store', async () => {
  expect((await sidecar('/v1.0/state/state', [{ key: 'kept', value: 'this' }])).ok).toBe(true);
  await platform.kill('redis-state');
  await platform.start('redis-state');
  await eventually('the value is read', async () => {
    expect(await (await sidecar('/v1.0/state/state/kept', undefined, 'GET')).json()).toBe('this');
  });
});

test('a sidecar that starts while the broker is down has the state store at once, and the broker as soon as it is up', async () => {
  await platform.kill('redis-broker');
  await platform.kill('order-1-dapr');
  await platform.start('order-1-dapr');
  expect((await sidecar('/v1.0/state/state', [{ key: 'meanwhile', value: 1 }])).ok).toBe(true);
  // To Dapr it is healthy.
  await expect(platform.ready(1_000)).rejects.toThrow('no connection to the backend of component messages');
  await platform.start('redis-broker');
  await platform.ready();
  await publish('restaurant-commands', 1);
});

test('a service that is killed under a flood of messages gets the remaining messages after its restart', async () => {
  const count = 5_000;
  const consumer = platform.urls.consumer[0];
  const flood = publish('consumer-commands', count);
  await eventually('messages arrive', async (signal) => expect(await taken(consumer, signal)).toBeGreaterThan(0));
  await platform.kill('consumer-1');
  await flood;
  await platform.start('consumer-1');
  // Its count begins anew. A sidecar whose subscriptions are stuck would deliver nothing, ever.
  await eventually('messages arrive again', async (signal) => expect(await taken(consumer, signal)).toBeGreaterThan(0));
});

test('other processes can list and move the processes through the socket', async () => {
  const send = (request: Parameters<typeof sendRequest>[1]) => sendRequest(socketPath(dir.path), request, 60_000);
  const processes = platform.processes().map(({ name, pid, state }) => expect.objectContaining({ name, pid, state }));
  expect(await send({ action: 'list' })).toEqual({ processes });
  expect(await send({ action: 'pause', process: 'order-1' })).toHaveProperty('processes');
  expect(managed('order-1')?.state).toBe('paused');
  expect(await send({ action: 'pause', process: 'order-1' })).toEqual({ error: 'order-1 is paused, not running' });
  expect(await send({ action: 'resume', process: 'order-1' })).toHaveProperty('processes');
  expect(await send({ action: 'kill', process: 'unknown' })).toEqual({
    error: expect.stringMatching(/^no process "unknown"; the processes are redis-state, /),
  });
});
