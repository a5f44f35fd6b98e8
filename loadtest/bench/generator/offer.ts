import { fork } from 'node:child_process';
import type { Edge, Load, LoadResult, Said } from './load.ts';

/** How long requests may still be under way after the load, beyond their timeout. */
const GRACE_MS = 10_000;

/**
 * Runs the generator in a process of its own and gives its result. `onEdge` is told when the counted time begins and ends.
 * Rejects when the generator fails or does not end in time.
 */
export function offer(
  load: Load,
  onEdge: (edge: Edge, generatorPid: number) => void = () => undefined,
): Promise<LoadResult> {
  const worker = fork(new URL('worker.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const limitMs = (load.warmupSeconds + load.seconds) * 1000 + load.timeoutMs + GRACE_MS;
  return new Promise<LoadResult>((resolve, reject) => {
    const timer = setTimeout(() => {
      worker.kill('SIGKILL');
      reject(new Error(`the load generator did not end within ${limitMs} ms`));
    }, limitMs);
    worker.on('message', (said: Said) => {
      if ('edge' in said) onEdge(said.edge, worker.pid as number);
      else resolve(said.result);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the load generator ended with exit code ${code} and no result`));
    });
    worker.send(load);
  });
}
