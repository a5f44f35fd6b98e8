import { connect } from 'node:net';
import { dirname } from 'node:path';
import { socketPath } from '../options.ts';
import type { ControlRequest } from './protocol.ts';
import type { ControlResponse } from './server.ts';

const REACHED_WITHIN_MS = 10_000;
const ADVICE = 'start one with "npm start", or give the directory of a running one with --data-dir';

/** Rejects, with the command that starts one, if no platform runs in a data directory. */
export async function requirePlatform(dataDir: string): Promise<void> {
  await sendRequest(socketPath(dataDir), { action: 'list' }, REACHED_WITHIN_MS);
}

/** Sends a request to the platform that runs in a data directory. Rejects if there is none. */
export function sendRequest(path: string, request: ControlRequest, deadlineMs: number): Promise<ControlResponse> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path, signal: AbortSignal.timeout(deadlineMs) });
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(absent ? new Error(`no platform runs in ${dirname(path)}; ${ADVICE}`) : error);
    });
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('end', () => {
      if (text === '') reject(new Error('the platform closed the connection without an answer; it may be stopping'));
      else resolve(JSON.parse(text) as ControlResponse);
    });
  });
}
