import { readFileSync, writeFileSync } from 'node:fs';
import type { Platform, Program } from '@standing-order/local';
import { createMemoryCgroup, type MemoryCgroup } from './cgroup.ts';
import { podLimitOf, redisMaxMemory } from './pod-limits.ts';

/** The program with the settings that the chart derives from its limit: `standing-order.goMemoryLimit`, and maxMemory of Redis. */
function asInChart(process: string, program: Program, limit: number): Program {
  const maxMemory = redisMaxMemory()[process];
  if (maxMemory !== undefined) return { ...program, args: [...program.args, '--maxmemory', maxMemory] };
  if (!process.endsWith('-dapr')) return program;
  return { ...program, env: { ...program.env, GOMEMLIMIT: String(Math.floor(limit / 4)) } };
}

/** Sets a process's peak of resident memory to its present size. */
const RESET_PEAK = '5';

/** Peak resident bytes since the last reset. */
const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? Number.NaN) * 1024;

/** Runs each process of a platform inside a memory cgroup with the limit of its pod, and reads its peak resident memory. */
export class Containment {
  readonly #groups = new Map<string, MemoryCgroup>();
  readonly #limitOf: (process: string) => number;

  constructor(limitOf: (process: string) => number = podLimitOf) {
    this.#limitOf = limitOf;
  }

  /** For the option `program` of a platform. */
  readonly contain = (process: string, program: Program): Program => {
    const name = `standing-order-${globalThis.process.pid}-${process}`;
    const group = createMemoryCgroup(name, this.#limitOf(process));
    this.#groups.set(process, group);
    return group.contain(asInChart(process, program, this.#limitOf(process)));
  };

  /** Peak resident bytes of each running process since the last call. */
  peaks(platform: Platform): Record<string, number> {
    const peaks: Record<string, number> = {};
    for (const { name, pid } of platform.processes()) {
      if (pid === undefined) continue;
      peaks[name] = peakOf(pid);
      writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
    }
    return peaks;
  }

  limitOf(process: string): number {
    return this.#limitOf(process);
  }

  /** Processes that the kernel has killed because of their limit. */
  kills(): Record<string, number> {
    return Object.fromEntries([...this.#groups].map(([process, group]) => [process, group.kills()]));
  }

  /** Removes the groups, after the platform was closed. */
  close(): void {
    for (const group of this.#groups.values()) group.remove();
    this.#groups.clear();
  }
}
