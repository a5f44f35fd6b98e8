import { fork } from 'node:child_process';
import type { Load, PhaseMarker, WorkerMessage } from './load.ts';

/** Time after the load and the timeout in which the generator must end. */
const GRACE_MS = 10_000;

/**
 * Runs the generator in its own process and returns its result. `onMarker` is called at the start and the end of the
 * measured time. Rejects when the generator fails or does not end in time.
 */
export function runGenerator(
  load: Load,
  onMarker: (marker: PhaseMarker, generatorPid: number) => void = () => undefined,
): Promise<Extract<WorkerMessage, { result: object }>> {
  const worker = fork(new URL('worker.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const limitMs = (load.warmupSeconds + load.seconds) * 1000 + load.timeoutMs + GRACE_MS;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      worker.kill('SIGKILL');
      reject(new Error(`the load generator did not end within ${limitMs} ms`));
    }, limitMs);
    worker.on('message', (message: WorkerMessage) => {
      if ('marker' in message) onMarker(message.marker, worker.pid as number);
      else resolve(message);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the load generator ended with exit code ${code} and no result`));
    });
    worker.send(load);
  });
}
