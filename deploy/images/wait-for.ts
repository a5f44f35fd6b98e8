/**
 * Waits until each of the given HOST:PORT takes connections, a minute at most, and ends well in any case: what the pods of
 * the chart do before their sidecars start, when the chart starts the stores at the same moment.
 */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 250;
const end = performance.now() + DEADLINE_MS;

function answers(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host ?? '', port: Number(port), timeout: 1_000 });
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
  while (!(await answers(address)) && performance.now() < end) await pause(LOOK_EVERY_MS);
}
console.log(performance.now() < end ? 'all of them take connections' : 'not all of them take connections; going on');
