import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { attachInspector } from '../rig/inspector.ts';
import type { InspectPorts, Rig } from '../rig/rig.ts';
import { flameGraph } from './flame-graph.ts';
import type { Stack } from './frames.ts';
import { pprofStacks } from './pprof.ts';
import { type CpuProfile, v8Stacks } from './v8.ts';

/** Where a run lets itself be profiled. */
export interface Profiler {
  readonly ports: InspectPorts;
  /** Folder and beginning of the name of the files that are written. */
  readonly path: string;
}

/** How much longer than it was asked to measure the sidecar may take to answer. */
const GRACE_MS = 15_000;

/**
 * Does the work. With a profiler the order service is profiled meanwhile, and its sidecar for so many seconds: written as
 * `.order.cpuprofile` and `.sidecar.pprof`, and drawn as flame graphs beside them.
 */
export async function maybeProfiled<T>(
  profiler: Profiler | undefined,
  rig: Pick<Rig, 'sidecarMetrics'>,
  seconds: number,
  work: () => Promise<T>,
): Promise<T> {
  if (profiler === undefined) return work();
  const { ports, path } = profiler;
  const inspector = await attachInspector(ports.service);
  try {
    await inspector.startProfile();
    const ofSidecar = rig.sidecarMetrics === undefined ? undefined : goProfile(ports.sidecar, seconds);
    const [result, sidecar] = await Promise.all([work(), ofSidecar]);
    const service = await inspector.stopProfile();
    await keep(`${path}.order`, 'cpuprofile', service, v8Stacks(JSON.parse(service) as CpuProfile));
    if (sidecar !== undefined) await keep(`${path}.sidecar`, 'pprof', sidecar, pprofStacks(sidecar));
    return result;
  } finally {
    inspector.close();
  }
}

async function goProfile(port: number, seconds: number): Promise<Uint8Array> {
  const url = `http://127.0.0.1:${port}/debug/pprof/profile?seconds=${seconds}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(seconds * 1000 + GRACE_MS) });
  if (!response.ok) throw new Error(`no profile of the sidecar: ${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function keep(path: string, format: string, raw: string | Uint8Array, stacks: Iterable<Stack>): Promise<void> {
  await writeFile(`${path}.${format}`, raw);
  await writeFile(`${path}.svg`, flameGraph(stacks, basename(path)));
}
