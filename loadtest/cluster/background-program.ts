import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const LINE_DEADLINE_MS = 30_000;
const POLL_EVERY_MS = 50;
const GRACE_MS = 5_000;
const KEPT_LINES = 100;

/** A program that runs in the background while other commands run, such as `kubectl port-forward`. */
export class BackgroundProgram {
  readonly #child;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal) {
    signal.throwIfAborted();
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LINES) this.#lines.shift();
      });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
  }

  /** Resolves with the first output line that matches; rejects if the program ends first or takes too long. */
  async waitForLine(pattern: RegExp): Promise<RegExpExecArray> {
    const end = performance.now() + LINE_DEADLINE_MS;
    while (performance.now() < end && this.#child.exitCode === null) {
      for (const line of this.#lines) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      await Promise.race([this.#ended, pause(POLL_EVERY_MS)]);
    }
    throw new Error(`${this.#child.spawnargs.join(' ')} did not print ${pattern}: ${this.#lines.join('\n')}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS);
    await this.#ended;
    clearTimeout(kill);
  }
}
