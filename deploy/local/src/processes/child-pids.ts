import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The living children of a process, by number. */
export async function childrenOf(pid: number): Promise<number[]> {
  // Images often lack ps; other systems than Linux have it, and no /proc.
  const processes = process.platform === 'linux' ? await readProc() : await readPs();
  return processes.flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
}

/** Numbers of a process and its parent. */
type Pair = readonly (number | undefined)[];

async function readProc(): Promise<Pair[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (pid) => {
      // Empty for a process that has ended since. The name before the last bracket may contain spaces and brackets.
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [Number(pid), Number(parent)];
    }),
  );
}

async function readPs(): Promise<Pair[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='], { timeout: 5_000 });
  return stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
}
