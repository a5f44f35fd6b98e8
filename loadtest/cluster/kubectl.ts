import { type RunOptions, runProgram } from '../../deploy/tools/src/program.ts';
import { BackgroundProgram } from './background-program.ts';

const MINUTE_MS = 60_000;

/** A Kubernetes object that is sent to the cluster. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

export type CallOptions = Partial<RunOptions>;

/** kubectl with its current context. */
export interface Kubectl {
  /** Resolves with the standard output; rejects with the error output, and after a minute if no other deadline is given. */
  run(args: readonly string[], options?: CallOptions): Promise<string>;
  /** The object or the list of objects that `kubectl get` returns. */
  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by kind, and an absent field fails the check that reads it.
  get(...args: readonly string[]): Promise<any>;
  apply(...items: readonly KubernetesObject[]): Promise<void>;
  /** Forwards a free port of loopback to `target` (`pod/NAME`, `service/NAME`) while `work` runs. */
  forward<T>(target: string, port: number, work: (localPort: number) => Promise<T>): Promise<T>;
}

export interface KubectlOptions {
  /** Default: the namespace of the context. */
  readonly namespace?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export function createKubectl({ namespace, env = process.env, signal }: KubectlOptions): Kubectl {
  const inNamespace = namespace === undefined ? [] : ['--namespace', namespace];
  const kubectl: Kubectl = {
    run: (args, options) =>
      runProgram('kubectl', [...inNamespace, ...args], { deadlineMs: MINUTE_MS, env, signal, ...options }),
    get: async (...args) => JSON.parse(await kubectl.run(['get', ...args, '--output', 'json'])),
    async apply(...items) {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
      await kubectl.run(['apply', '--filename', '-'], { input });
    },
    async forward(target, port, work) {
      const args = [...inNamespace, 'port-forward', '--address', '127.0.0.1', target, `:${port}`];
      const program = new BackgroundProgram('kubectl', args, env, signal);
      try {
        const line = await program.waitForLine(/Forwarding from 127\.0\.0\.1:(\d+)/);
        return await work(Number(line[1]));
      } finally {
        await program.stop();
      }
    },
  };
  return kubectl;
}
