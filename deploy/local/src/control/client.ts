import { connect } from 'node:net';
import type { ControlRequest } from './protocol.ts';
import type { ControlResponse } from './server.ts';

/** Sends a request to the platform that runs in a data directory. Rejects if there is none. */
export function sendRequest(path: string, request: ControlRequest, deadlineMs: number): Promise<ControlResponse> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path, signal: AbortSignal.timeout(deadlineMs) });
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      reject(absent ? new Error('no platform runs in this data directory; start one with "npm start"') : error);
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
