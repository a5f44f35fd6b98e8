// @module-tag postgres
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { sendRequest } from '../src/control/client.ts';
import { socketPath } from '../src/options.ts';
import { startPlatform } from '../src/platform.ts';
import { brokerPort, findPortBase, LOOPBACK } from '../src/ports.ts';
import { childrenOf } from '../src/processes/child-pids.ts';
import type { ProcessView } from '../src/processes/spec.ts';
import { nothingLeft, printed, runProgram, STAND_IN, temporaryDir } from './support/harness.ts';

const dir = temporaryDir();
const main = { order: STAND_IN, consumer: STAND_IN, restaurant: STAND_IN };

afterEach(() => dir.remove());

test.each(['redis', 'postgresql'])('all processes end when their supervisor is killed, on %s', async (store) => {
  const run = runProgram('test/support/hold.ts', [dir.path, String(await findPortBase()), store]);
  await printed(run, '}]');
  const processes = JSON.parse(run.output()) as ProcessView[];
  expect(processes).toHaveLength(8);
  // A paused process does not notice that another one ended.
  for (const { name, kind } of processes)
    if (kind === 'store') await sendRequest(socketPath(dir.path), { action: 'pause', process: name }, 10_000);
  const pids = processes.flatMap(({ pid }) => pid ?? []);
  const children = (await Promise.all(pids.map(childrenOf))).flat();
  run.child.kill('SIGKILL');
  expect(await run.ended).toBe('SIGKILL');
  await nothingLeft(
    [...pids, ...children],
    processes.flatMap(({ ports }) => ports),
  );
});

test('names a port that is in use and its process, and leaves no process running', async () => {
  const portBase = await findPortBase();
  const other = createServer().listen(brokerPort(portBase), LOOPBACK);
  try {
    await expect(startPlatform({ dataDir: dir.path, portBase, main })).rejects.toThrow(
      `port ${brokerPort(portBase)}, which redis-broker needs, is in use by another program\nChoose other ports with --port-base`,
    );
  } finally {
    other.close();
  }
  await nothingLeft([], [portBase, portBase + 1]);
  await (await startPlatform({ dataDir: dir.path, portBase, main })).close();
});

test('names a process that does not start, with the end of its log, and stops the others', async () => {
  const portBase = await findPortBase();
  const broken = { ...main, consumer: '/no/such/file.ts' };
  await expect(startPlatform({ dataDir: dir.path, portBase, main: broken })).rejects.toThrow(
    /consumer-1 ended by itself: exit code 1[\s\S]*Cannot find module/,
  );
  await nothingLeft([], [portBase, portBase + 1, portBase + 100, portBase + 200, portBase + 900, portBase + 901]);
});

test('an aborted start leaves no process', async () => {
  const portBase = await findPortBase();
  const controller = new AbortController();
  // When the first store is up, others are starting.
  const onProgress = (line: string) => {
    if (line.includes(' is up ')) controller.abort(new Error('aborted by the test'));
  };
  const { signal } = controller;
  const start = startPlatform({ dataDir: dir.path, portBase, main, signal, onProgress });
  await expect(start).rejects.toThrow('aborted by the test');
  await nothingLeft([], [portBase, portBase + 1, portBase + 100, portBase + 200, portBase + 900, portBase + 901]);
});
