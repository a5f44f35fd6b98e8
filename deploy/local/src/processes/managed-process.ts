import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '@standing-order/tools';
import { requireFree } from '../ports.ts';
import { until } from '../wait.ts';
import { childrenOf } from './child-pids.ts';
import { spawnKilledWithParent } from './kill-with-parent.ts';
import { lastLines } from './log.ts';
import type { ProcessSpec, ProcessState, ProcessView } from './spec.ts';

const KILL_DEADLINE_MS = 10_000;

/** One process of the platform. Its actions run one after another, except `kill`, which never waits for another. */
export class ManagedProcess {
  readonly spec: ProcessSpec;
  readonly logFile: string;
  readonly #dataDir: string;
  readonly #onFailure: (view: ProcessView, log: string) => void;
  #state: ProcessState = 'stopped';
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #ended: string | undefined;
  #runs = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** `onFailure` is called when the process ends without a request, with the last lines of its log. */
  constructor(spec: ProcessSpec, dataDir: string, onFailure: (view: ProcessView, log: string) => void) {
    this.spec = spec;
    this.#dataDir = dataDir;
    this.logFile = join(dataDir, 'logs', `${spec.name}.log`);
    this.#onFailure = onFailure;
  }

  get state(): ProcessState {
    return this.#state;
  }

  view(): ProcessView {
    const { name, kind, ports } = this.spec;
    const pid = this.#child?.pid;
    const running =
      pid === undefined ? {} : { pid, uptimeSeconds: Math.floor((performance.now() - this.#startedAt) / 1000) };
    return {
      name,
      kind,
      state: this.#state,
      ports,
      ...running,
      ...(this.#ended === undefined ? {} : { ended: this.#ended }),
    };
  }

  /** Starts the process and waits until it is alive. On failure, kills the process and rejects with the end of its log. */
  start(deadlineMs: number, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#child) throw new Error(`${this.spec.name} is already ${this.#state}`);
      await requireFree(this.spec.ports.map((port) => ({ process: this.spec.name, port })));
      this.#state = 'starting';
      try {
        await this.spec.prepare?.(signal);
        await this.#launch(deadlineMs, signal);
        this.#state = 'running';
      } catch (error) {
        const asked = this.state === 'stopping' || this.state === 'stopped';
        await this.kill();
        this.#state = asked ? 'stopped' : 'failed';
        throw this.#explained(error);
      }
    });
  }

  /** Waits until the process is ready. */
  async ready(deadlineMs: number, signal: AbortSignal): Promise<void> {
    const { exited, release } = this.#exitSignal();
    try {
      await until(`${this.spec.name} is not ready`, this.spec.ready, deadlineMs, AbortSignal.any([signal, exited]));
    } catch (error) {
      throw this.#explained(error);
    } finally {
      release();
    }
  }

  /** Sends the stop signal, and kills the process after its deadline. Resolves when the process has ended, to how it ended. */
  stop(): Promise<'exited' | 'killed'> {
    return this.#inTurn(async () => {
      const child = this.#child;
      if (!child) {
        this.#state = 'stopped';
        return 'exited';
      }
      if (this.#state === 'paused') await this.#signal('SIGCONT');
      this.#state = 'stopping';
      child.kill(this.spec.stopSignal);
      if (await this.#hasExited(child, this.spec.stopDeadlineMs)) return 'exited';
      await this.kill();
      return 'killed';
    });
  }

  /** Sends SIGKILL at once. Resolves when the process has ended. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#state = 'stopping';
    await this.#signal('SIGKILL');
    if (!(await this.#hasExited(child, KILL_DEADLINE_MS)))
      throw new Error(`${this.spec.name} has not ended after SIGKILL`);
  }

  /** Sends SIGSTOP: the process keeps its ports and connections. */
  pause(): Promise<void> {
    return this.#inTurn(async () => {
      this.#require('running');
      await this.#signal('SIGSTOP');
      this.#state = 'paused';
    });
  }

  /** Sends SIGCONT. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      this.#require('paused');
      await this.#signal('SIGCONT');
      this.#state = 'running';
    });
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action, action);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #require(state: ProcessState): void {
    if (this.#state !== state) throw new Error(`${this.spec.name} is ${this.#state}, not ${state}`);
  }

  async #launch(deadlineMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const log = openSync(this.logFile, this.#runs++ === 0 ? 'w' : 'a', 0o600);
    try {
      this.#child = spawnKilledWithParent(this.spec.program, this.#dataDir, log);
    } finally {
      closeSync(log);
    }
    this.#startedAt = performance.now();
    this.#ended = undefined;
    this.#watch(this.#child);
    const { exited, release } = this.#exitSignal();
    try {
      await until(`${this.spec.name} is not up`, this.spec.alive, deadlineMs, AbortSignal.any([signal, exited]));
    } finally {
      release();
    }
  }

  #watch(child: ChildProcess): void {
    const end = (how: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#ended = how;
      const asked = this.#state === 'stopping';
      const failed = this.#state === 'running' || this.#state === 'paused';
      if (asked) this.#state = 'stopped';
      if (failed) {
        this.#state = 'failed';
        this.#onFailure(this.view(), lastLines(this.logFile));
      }
    };
    child.once('error', (error) => end(reasonOf(error)));
    child.once('exit', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  }

  /** Aborts when the process ends. */
  #exitSignal(): { exited: AbortSignal; release: () => void } {
    const controller = new AbortController();
    const child = this.#child;
    const abort = () => controller.abort(new Error(`${this.spec.name} ended by itself: ${this.#ended}`));
    if (!child) abort();
    child?.once('exit', abort);
    child?.once('error', abort);
    return {
      exited: controller.signal,
      release: () => {
        child?.off('exit', abort);
        child?.off('error', abort);
      },
    };
  }

  async #hasExited(child: ChildProcess, deadlineMs: number): Promise<boolean> {
    if (this.#child !== child) return true;
    try {
      await once(child, 'exit', { signal: AbortSignal.timeout(deadlineMs) });
      return true;
    } catch {
      return this.#child !== child;
    }
  }

  async #signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined) return;
    const children = this.spec.withChildren ? await childrenOf(child.pid) : [];
    child.kill(signal);
    for (const pid of children) signalIfThere(pid, signal);
  }

  #explained(error: unknown): Error {
    const log = lastLines(this.logFile);
    return new Error(`${reasonOf(error)}${log === '' ? '' : `\nThe end of ${this.logFile}:\n${log}`}`);
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
