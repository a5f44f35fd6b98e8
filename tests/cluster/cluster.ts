import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { BackgroundProgram } from './background-program.ts';

const MINUTE_MS = 60_000;
const POLL_EVERY_MS = 1_000;

/** A Kubernetes object that is sent to the cluster. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

export interface ClusterOptions {
  readonly helmPath: string;
  /** Has one context, whose namespace is `namespace`, so that README's commands work unchanged. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** A folder for the files of this run. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

interface CallOptions {
  /** Default: a minute for kubectl and shell commands, five for helm. */
  readonly deadlineMs?: number;
  readonly cwd?: string;
  /** Receives each output line as it is printed. */
  readonly onLine?: (line: string) => void;
}

/** A cluster, one namespace of it, and the programs that access it. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly #env: NodeJS.ProcessEnv;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.#env = { ...process.env, KUBECONFIG: options.kubeconfig };
  }

  get namespace(): string {
    return this.options.namespace;
  }

  get signal(): AbortSignal {
    return this.options.signal;
  }

  /** Resolves with the standard output; rejects with the error output. */
  kubectl(args: readonly string[], { deadlineMs = MINUTE_MS, ...rest }: CallOptions = {}): Promise<string> {
    return this.#run('kubectl', args, { deadlineMs, ...rest });
  }

  helm(args: readonly string[], { deadlineMs = 5 * MINUTE_MS, ...rest }: CallOptions = {}): Promise<string> {
    return this.#run(this.options.helmPath, args, { deadlineMs, ...rest });
  }

  /** Runs a line of shell, as a person would type it. */
  shell(line: string, { deadlineMs = MINUTE_MS, ...rest }: CallOptions = {}): Promise<string> {
    return this.#run('bash', ['-c', line], { deadlineMs, ...rest });
  }

  #run(command: string, args: readonly string[], call: CallOptions & { readonly deadlineMs: number }): Promise<string> {
    return runProgram(command, args, { ...call, env: this.#env, signal: this.signal });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by kind, and an absent field fails the check that reads it.
  async get(...args: readonly string[]): Promise<any> {
    return JSON.parse(await this.kubectl(['get', ...args, '--output', 'json']));
  }

  async apply(...items: readonly KubernetesObject[]): Promise<void> {
    const file = join(this.options.scratch, `${randomUUID()}.json`);
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await this.kubectl(['apply', '--filename', file]);
  }

  /** Forwards a free port of loopback to `target` (`pod/NAME`, `service/NAME`) while `work` runs. */
  async forward<T>(target: string, port: number, work: (localPort: number) => Promise<T>): Promise<T> {
    const args = ['port-forward', '--address', '127.0.0.1', target, `:${port}`];
    const program = this.startProgram('kubectl', args);
    try {
      const line = await program.waitForLine(/Forwarding from 127\.0\.0\.1:(\d+)/);
      return await work(Number(line[1]));
    } finally {
      await program.stop();
    }
  }

  /** Starts a program that runs until it is stopped. */
  startProgram(command: string, args: readonly string[]): BackgroundProgram {
    return new BackgroundProgram(command, args, this.#env, this.signal);
  }

  /** Polls until `read` resolves to a value; rejects at the deadline with the last error. */
  async waitFor<T>(description: string, read: () => Promise<T | undefined>, deadlineMs: number): Promise<T> {
    const end = performance.now() + deadlineMs;
    let last = 'no value was read';
    while (performance.now() < end) {
      try {
        const value = await read();
        if (value !== undefined) return value;
      } catch (error) {
        this.signal.throwIfAborted();
        last = error instanceof Error ? error.message : String(error);
      }
      await pause(POLL_EVERY_MS, undefined, { signal: this.signal });
    }
    throw new Error(`${description}: not within ${deadlineMs / 1_000} s: ${last}`);
  }
}
