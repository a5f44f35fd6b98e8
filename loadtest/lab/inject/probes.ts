import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

/** Deadline for the platform to be ready after a fault. */
export const READY_MS = 90_000;

const HOST = '127.0.0.1';

/** Kafka's ApiVersions in its oldest version; Redis has PING. Each broker and store answers its own request at once. */
const REQUESTS = {
  redis: Buffer.from('PING\r\n'),
  kafka: Buffer.from('0000000a00120000000000000000'.replace(/0000$/, 'ffff'), 'hex'),
};

/** Milliseconds until a server at `port` responds; undefined if it does not within `withinMs`, or refuses the connection. */
export function responseMs(
  protocol: keyof typeof REQUESTS,
  port: number,
  withinMs: number,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = connect({ port, host: HOST }, () => socket.write(REQUESTS[protocol]));
    const end = (ms?: number) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(ms);
    };
    const timer = setTimeout(end, withinMs);
    socket.once('data', () => end(performance.now() - startedAt));
    socket.once('error', () => end());
    socket.once('close', () => end());
  });
}

/** True if a program accepts connections at `port`. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** True if the process is stopped by SIGSTOP. */
export async function isPaused(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
}
