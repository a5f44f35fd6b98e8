import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '@standing-order/local';

/** A limit on the memory of a process and its children, enforced by the kernel. */
export interface MemoryCgroup {
  /** The same program, started inside the group. */
  contain(program: Program): Program;
  /** Number of processes that the kernel has killed because of the limit. */
  kills(): number;
  /** Removes the group. It must have no process. */
  remove(): void;
}

/** The files of a version of cgroups. */
interface Version {
  readonly limit: string;
  /** Of a group that may use no swap, as in a pod. */
  readonly swapLimit: string;
  readonly swapMax: (bytes: number) => number;
  readonly events: string;
}

const V1: Version = {
  limit: 'memory.limit_in_bytes',
  swapLimit: 'memory.memsw.limit_in_bytes',
  swapMax: (bytes) => bytes,
  events: 'memory.oom_control',
};
const V2: Version = { limit: 'memory.max', swapLimit: 'memory.swap.max', swapMax: () => 0, events: 'memory.events' };

/** The group below which this process can create memory groups. */
interface Parent {
  readonly folder: string;
  readonly version: Version;
}

/** Moves the shell into the group, and becomes the program. */
const ENTER = 'echo $$ > "$0"/cgroup.procs && exec "$@"';

/**
 * The folder for new groups. Version 1: the group of this process. Version 2: the parent of that group, because a group with
 * processes of its own cannot limit others. `proc` and `sys` are the folders of the kernel's files.
 */
export function findParent(proc = '/proc/self', sys = '/sys/fs/cgroup'): Parent {
  const groups = readFileSync(join(proc, 'cgroup'), 'utf8').split('\n');
  const pathOf = (prefix: RegExp) => groups.find((line) => prefix.test(line))?.replace(prefix, '');
  const first = pathOf(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:/);
  if (first !== undefined) return { folder: join(sys, 'memory', first), version: V1 };
  return { folder: join(sys, pathOf(/^0::/) ?? '/', '..'), version: V2 };
}

/** Creates a group with this limit. Needs the right to write below `/sys/fs/cgroup`, as root has outside of most containers. */
export function createMemoryCgroup(name: string, bytes: number, { folder, version } = findParent()): MemoryCgroup {
  const path = join(folder, name);
  try {
    mkdirSync(path);
    writeFileSync(join(path, version.limit), String(bytes));
    const swap = join(path, version.swapLimit);
    if (existsSync(swap)) writeFileSync(swap, String(version.swapMax(bytes)));
  } catch (error) {
    throw new Error(
      `the memory limit of ${name} cannot be set in ${folder}: run this as root, outside of a container`,
      {
        cause: error,
      },
    );
  }
  return {
    contain: (program) => ({
      ...program,
      file: '/bin/sh',
      args: ['-c', ENTER, path, program.file, ...program.args],
    }),
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(path, version.events), 'utf8'))?.[1] ?? 0),
    remove: () => rmdirSync(path),
  };
}
