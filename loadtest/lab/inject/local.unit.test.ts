import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { ProcessView } from '@standing-order/local/processes/spec';
import { afterEach, expect, test } from 'vitest';
import type { Testbed } from '../testbed/testbed.ts';
import type { Action } from '../timetable/schema.ts';
import { createLocalInjector } from './local.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A TCP server that responds to everything, as a store does that no fault affects. */
async function startResponder(): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write('+PONG\r\n'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A testbed on which no fault has an effect: its proxies, signals and kills do nothing. Records the calls. */
async function unaffectedTestbed(process: Partial<ProcessView> = {}) {
  const port = await startResponder();
  const calls: string[] = [];
  const record = (call: string) => async (name: string) => {
    calls.push(`${call} ${name}`);
  };
  const ready = async () => {
    calls.push('ready');
  };
  const view = { name: 'order-2', kind: 'service', state: 'running', ports: [port], ...process } as ProcessView;
  const consumer = { ...view, name: 'consumer-1' };
  const testbed = {
    broker: 'redis',
    platform: {
      processes: () => [view, consumer],
      ...{ kill: record('kill'), pause: record('pause'), resume: record('resume') },
      ...{ start: record('start'), ready },
    },
    toxiproxy: { cut: record('cut'), delay: record('delay'), heal: record('heal') },
    proxyPorts: { 'state-store': port, broker: port, consumer: port },
  } as unknown as Testbed;
  return { calls, injector: createLocalInjector(testbed, new AbortController().signal) };
}

test.each<[string, Action, string, string[]]>([
  [
    'cut through which bytes pass',
    { do: 'cut', link: 'broker' },
    'broker still responds',
    ['cut broker', 'heal broker', 'ready'],
  ],
  [
    'delay that is shorter than planned',
    { do: 'delay', link: 'state-store', ms: 5_000 },
    'with a delay of 5000 ms',
    ['delay state-store', 'heal state-store', 'ready'],
  ],
  [
    'kill after which the process runs',
    { do: 'kill', targets: ['consumer'] },
    'consumer-1 is running after it was killed',
    ['kill consumer-1', 'ready'],
  ],
])('a %s is an error, and is undone', async (_, action, message, calls) => {
  const bed = await unaffectedTestbed();
  await expect(bed.injector.apply(action)).rejects.toThrow(message);
  expect(bed.calls).toEqual(calls);
});

test('a kill after which the port is still open is an error, and the process is started again', async () => {
  const bed = await unaffectedTestbed({ state: 'stopped' });
  await expect(bed.injector.apply({ do: 'kill', targets: ['consumer'] })).rejects.toThrow('after it was killed');
  expect(bed.calls).toEqual(['kill consumer-1', 'start consumer-1', 'ready']);
});

test('a pause after which the process still runs is an error, and the process is resumed', async () => {
  const child = spawn('sleep', ['60']);
  ends.push(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const bed = await unaffectedTestbed({ pid: child.pid as number });
  await expect(bed.injector.apply({ do: 'pause', targets: ['order-2'] })).rejects.toThrow('still runs after SIGSTOP');
  expect(bed.calls).toEqual(['pause order-2', 'resume order-2', 'ready']);
});
