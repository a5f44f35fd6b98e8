import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { runProgram } from '../../deploy/tools/src/program.ts';

const minute = 60_000;
const LOOK_EVERY_MS = 1_000;

/** A Kubernetes object that is sent to the cluster. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

export interface ClusterOptions {
  readonly helmPath: string;
  /** With one context whose namespace is `namespace`, so that commands for people work as they are. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** A folder for files that live as long as the run. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** How one program is run: at most `deadlineMs`, default a minute; `onLine` sees what it prints as it comes. */
interface Call {
  readonly deadlineMs?: number;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
}

/** A cluster, one namespace of it, and the programs that talk to it. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly env: NodeJS.ProcessEnv;
  constructor(options: ClusterOptions) {
    this.options = options;
    this.env = { ...process.env, KUBECONFIG: options.kubeconfig };
  }

  get namespace(): string {
    return this.options.namespace;
  }

  get signal(): AbortSignal {
    return this.options.signal;
  }

  /** Resolves with what it printed; rejects with what it complained of. */
  kubectl(args: readonly string[], { deadlineMs = minute, ...rest }: Call = {}): Promise<string> {
    return this.#run('kubectl', args, { deadlineMs, ...rest });
  }

  helm(args: readonly string[], { deadlineMs = 5 * minute, ...rest }: Call = {}): Promise<string> {
    return this.#run(this.options.helmPath, args, { deadlineMs, ...rest });
  }

  /** A line of shell, as a person would type it. */
  shell(line: string, { deadlineMs = minute, ...rest }: Call = {}): Promise<string> {
    return this.#run('bash', ['-c', line], { deadlineMs, ...rest });
  }

  #run(command: string, args: readonly string[], call: Call & { readonly deadlineMs: number }): Promise<string> {
    return runProgram(command, args, { ...call, env: this.env, signal: this.signal });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the fields differ by kind, and what is not there fails the check that reads it.
  async get(...args: readonly string[]): Promise<any> {
    return JSON.parse(await this.kubectl(['get', ...args, '--output', 'json']));
  }

  async apply(...items: readonly KubernetesObject[]): Promise<void> {
    const file = join(this.options.scratch, `${randomUUID()}.json`);
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await this.kubectl(['apply', '--filename', file]);
  }

  /** Forwards a free port of loopback to `target` (`pod/NAME`, `service/NAME`) for as long as `work` takes. */
  async forwarded<T>(target: string, port: number, work: (localPort: number) => Promise<T>): Promise<T> {
    const args = ['port-forward', '--address', '127.0.0.1', target, `:${port}`];
    const child = this.held('kubectl', args);
    try {
      const line = await child.line(/Forwarding from 127\.0\.0\.1:(\d+)/);
      return await work(Number(line[1]));
    } finally {
      await child.stop();
    }
  }

  /** Starts a program that runs until it is stopped. */
  held(command: string, args: readonly string[]): Held {
    return new Held(command, args, this.env, this.signal);
  }

  /** Looks until it sees something; rejects at the deadline with the last reason why not. */
  async eventually<T>(what: string, look: () => Promise<T | undefined>, deadlineMs: number): Promise<T> {
    const end = performance.now() + deadlineMs;
    let last = 'nothing was seen';
    while (performance.now() < end) {
      try {
        const seen = await look();
        if (seen !== undefined) return seen;
      } catch (error) {
        this.signal.throwIfAborted();
        last = error instanceof Error ? error.message : String(error);
      }
      await pause(LOOK_EVERY_MS, undefined, { signal: this.signal });
    }
    throw new Error(`${what}: not within ${deadlineMs / 1_000} s: ${last}`);
  }
}

const LINE_DEADLINE_MS = 30_000;
const GRACE_MS = 5_000;

/** A program that is held open while something else is done. */
class Held {
  readonly #child;
  readonly #said: string[] = [];
  readonly #gone: Promise<void>;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) {
    signal.throwIfAborted();
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        this.#said.push(line);
        if (this.#said.length > 100) this.#said.shift();
      });
    this.#gone = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
  }

  /** Resolves with the first line that matches; rejects if the program ends before or takes too long. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const end = performance.now() + LINE_DEADLINE_MS;
    while (performance.now() < end && this.#child.exitCode === null) {
      for (const line of this.#said) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      await Promise.race([this.#gone, pause(50)]);
    }
    throw new Error(`${this.#child.spawnargs.join(' ')} did not say ${pattern}: ${this.#said.join('\n')}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.#gone;
    clearTimeout(kill);
  }
}
