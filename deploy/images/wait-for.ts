/**
 * The init program of the chart's pods when the chart starts the stores at the same time: waits until each given HOST:PORT
 * accepts connections, at most a minute. It always ends with exit code 0.
 */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 60_000;
const RETRY_MS = 250;
const end = performance.now() + DEADLINE_MS;

function accepts(address: string): Promise<boolean> {
  // An IPv6 address is in brackets.
  const [, host = '', port] = /^\[?(.+?)\]?:([0-9]+)$/.exec(address) ?? [];
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 1_000 });
    const done = (connected: boolean) => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', () => done(true));
    socket.once('timeout', () => done(false));
    socket.once('error', () => done(false));
  });
}

for (const address of process.argv.slice(2)) {
  while (!(await accepts(address)) && performance.now() < end) await pause(RETRY_MS);
}
console.log(
  performance.now() < end ? 'all addresses accept connections' : 'not all addresses accept connections; continuing',
);
