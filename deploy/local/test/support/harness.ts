import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFree } from '../../src/ports.ts';
import { type Probe, until } from '../../src/wait.ts';

/** Runs in place of the services. */
export const STAND_IN = join(import.meta.dirname, 'stand-in.ts');

const DEADLINE_MS = 120_000;

/** A directory that is gone afterwards. */
export function temporaryDir(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'standing-order-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Waits until the probe resolves; rejects with its last reason. */
export function eventually(what: string, probe: Probe): Promise<void> {
  return until(what, probe, DEADLINE_MS, new AbortController().signal);
}

export interface Run {
  readonly child: ChildProcess;
  output(): string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Runs one of the programs of this package, as npm would. */
export function runProgram(file: string, args: readonly string[]): Run {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../..', file), ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = once(child, 'close').then(([code, signal]) => signal ?? code);
  return { child, output: () => output, ended };
}

/** Waits until a program has printed a text. Rejects with its output if the program ends without it. */
export function printed(run: Run, text: string): Promise<void> {
  const ended = new AbortController();
  run.child.once('close', () => ended.abort(new Error(`it ended without "${text}": ${run.output()}`)));
  const probe = async () => {
    if (!run.output().includes(text)) throw new Error(run.output());
  };
  return until(`"${text}" is not printed`, probe, DEADLINE_MS, ended.signal);
}

/** Waits until none of the processes is there and all of the ports are free. */
export function nothingLeft(pids: readonly number[], ports: readonly number[]): Promise<void> {
  return eventually('something is left', async () => {
    const alive = pids.filter(isAlive);
    const free = await Promise.all(ports.map((port) => isFree(port)));
    const taken = ports.filter((_, index) => !free[index]);
    if (alive.length + taken.length > 0) throw new Error(`processes ${alive.join()}, ports ${taken.join()}`);
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
