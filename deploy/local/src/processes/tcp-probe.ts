import { connect } from 'node:net';
import { LOOPBACK } from '../ports.ts';
import type { Probe } from '../wait.ts';

/** A probe that sends a request over TCP, and rejects with the fault that `faultOf` finds in the first bytes of the response. */
export function answersTcp(
  port: number,
  request: string | Buffer,
  faultOf: (response: Buffer) => string | undefined,
): Probe {
  return (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: LOOPBACK, signal }, () => socket.write(request));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('connection closed')));
      socket.once('data', (response) => {
        const fault = faultOf(response);
        if (fault === undefined) resolve();
        else reject(new Error(fault));
        socket.destroy();
      });
    });
}
