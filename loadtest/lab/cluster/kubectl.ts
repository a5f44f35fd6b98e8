import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { runProgram } from '../../../deploy/tools/src/program.ts';

const MINUTE_MS = 60_000;
const FORWARD_MS = 30_000;

/** kubectl with its current context, in one namespace. */
export interface Kubectl {
  readonly namespace: string;
  run(args: readonly string[], options?: { deadlineMs?: number; onLine?: (line: string) => void }): Promise<string>;
  /** The object or the list of objects that `kubectl get` returns. */
  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by kind, and an absent field fails the check that reads it.
  get(...args: readonly string[]): Promise<any>;
  /** Forwards a free port of loopback to `target` while `use` runs. */
  forward<T>(target: string, port: number, use: (localPort: number) => Promise<T>): Promise<T>;
}

export function createKubectl(namespace: string, signal: AbortSignal): Kubectl {
  const kubectl: Kubectl = {
    namespace,
    run: (args, { deadlineMs = MINUTE_MS, onLine } = {}) =>
      runProgram('kubectl', ['--namespace', namespace, ...args], { deadlineMs, signal, ...(onLine && { onLine }) }),
    get: async (...args) => JSON.parse(await kubectl.run(['get', ...args, '--output', 'json'])),
    async forward(target, port, use) {
      const args = ['--namespace', namespace, 'port-forward', '--address', '127.0.0.1', target, `:${port}`];
      const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'ignore'], signal });
      // The signal ends it; its error is that of the run.
      child.on('error', () => {});
      try {
        return await use(await forwardedPort(createInterface({ input: child.stdout }), target));
      } finally {
        child.kill();
      }
    },
  };
  return kubectl;
}

async function forwardedPort(lines: AsyncIterable<string> & { close(): void }, target: string): Promise<number> {
  const timer = setTimeout(() => lines.close(), FORWARD_MS);
  try {
    for await (const line of lines) {
      const port = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) return Number(port);
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`kubectl port-forward ${target} failed`);
}
