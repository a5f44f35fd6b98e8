import { setTimeout as pause } from 'node:timers/promises';
import { BackgroundProgram } from '@standing-order/loadtest/cluster/background-program';
import {
  type CallOptions,
  createKubectl,
  type Kubectl,
  type KubernetesObject,
} from '@standing-order/loadtest/cluster/kubectl';
import { runProgram } from '../../deploy/tools/src/program.ts';

const MINUTE_MS = 60_000;
const POLL_EVERY_MS = 1_000;

export interface ClusterOptions {
  readonly helmPath: string;
  /** Has one context, whose namespace is `namespace`, so that README's commands work unchanged. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** A folder for the files of this run. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** A cluster, one namespace of it, and the programs that access it. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #kubectl: Kubectl;

  constructor(options: ClusterOptions) {
    this.options = options;
    this.#env = { ...process.env, KUBECONFIG: options.kubeconfig };
    this.#kubectl = createKubectl({ env: this.#env, signal: options.signal });
  }

  get namespace(): string {
    return this.options.namespace;
  }

  get signal(): AbortSignal {
    return this.options.signal;
  }

  /** Resolves with the standard output; rejects with the error output. The default deadline is a minute. */
  kubectl(args: readonly string[], options?: CallOptions): Promise<string> {
    return this.#kubectl.run(args, options);
  }

  /** The default deadline is five minutes. */
  helm(args: readonly string[], options?: CallOptions): Promise<string> {
    return this.#run(this.options.helmPath, args, { deadlineMs: 5 * MINUTE_MS, ...options });
  }

  /** Runs a line of shell, as a person would type it. The default deadline is a minute. */
  shell(line: string, options?: CallOptions): Promise<string> {
    return this.#run('bash', ['-c', line], { deadlineMs: MINUTE_MS, ...options });
  }

  #run(command: string, args: readonly string[], options: CallOptions & { deadlineMs: number }): Promise<string> {
    return runProgram(command, args, { env: this.#env, signal: this.signal, ...options });
  }

  // biome-ignore lint/suspicious/noExplicitAny: as in Kubectl
  get(...args: readonly string[]): Promise<any> {
    return this.#kubectl.get(...args);
  }

  apply(...items: readonly KubernetesObject[]): Promise<void> {
    return this.#kubectl.apply(...items);
  }

  forward<T>(target: string, port: number, work: (localPort: number) => Promise<T>): Promise<T> {
    return this.#kubectl.forward(target, port, work);
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
