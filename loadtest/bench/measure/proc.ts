import { readdir, readFile } from 'node:fs/promises';

/** Linux counts CPU time in hundredths of a second on every architecture that Node supports. */
const TICKS_PER_SECOND = 100;

/** CPU seconds (user and system) that a process and its threads have used, from the text of /proc/PID/stat. */
export function cpuSecondsOf(stat: string): number {
  // The second field, the program's name, can contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in bytes, from the text of /proc/PID/status. */
export function residentBytesOf(status: string): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error('no VmRSS in /proc/PID/status');
  return Number(kib) * 1024;
}

/** How often a thread has waited and woken up, from the text of /proc/PID/task/TID/status. */
export function wakeupsOf(status: string): number {
  const count = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1];
  if (count === undefined) throw new Error('no voluntary_ctxt_switches in /proc/PID/task/TID/status');
  return Number(count);
}

/** CPU seconds used so far, by name, by all processes of that name. Rejects when one of them has ended. */
export async function cpuSeconds<Name extends string>(
  pids: Readonly<Record<Name, readonly number[]>>,
): Promise<Record<Name, number>> {
  const entries = await Promise.all(
    Object.entries<readonly number[]>(pids).map(async ([name, ids]) => {
      const stats = await Promise.all(ids.map((pid) => readFile(`/proc/${pid}/stat`, 'latin1')));
      return [name, stats.reduce((sum, stat) => sum + cpuSecondsOf(stat), 0)];
    }),
  );
  return Object.fromEntries(entries);
}

/** Resident memory of a process in bytes. */
export const residentBytes = async (pid: number): Promise<number> =>
  residentBytesOf(await readFile(`/proc/${pid}/status`, 'latin1'));

/** How often the threads of a process have woken up so far. A thread that ends meanwhile is left out. */
export async function wakeups(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'latin1').catch(() => undefined)),
  );
  return texts.reduce((sum, text) => sum + (text === undefined ? 0 : wakeupsOf(text)), 0);
}
