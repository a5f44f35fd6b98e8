import { writeFile } from 'node:fs/promises';
import { attachInspector } from '../testbed/inspector.ts';
import type { InspectPorts, Testbed } from '../testbed/testbed.ts';
import { type Shares, sharesOfGo, sharesOfNode } from './shares.ts';

/** Options of the profiles of one run. */
export interface Profiler {
  readonly ports: InspectPorts;
  /** Folder and start of the name of the files. */
  readonly path: string;
  readonly onShares: (process: string, shares: Shares) => void;
}

/** The profiler of one part of a run, such as one of its loops. */
export const profilerOfPart = ({ ports, path, onShares }: Profiler, part: string): Profiler => ({
  ports,
  path: `${path}-${part}`,
  onShares: (process, shares) => onShares(`${process}, ${part}`, shares),
});

/** Time beyond the profile's own in which the sidecar must respond. */
const GRACE_MS = 15_000;

/**
 * Does the work. With a profiler, the order service is profiled meanwhile, and its sidecar for the given time. Writes
 * `.order.cpuprofile` (V8) and `.sidecar.pb.gz` (pprof).
 */
export async function maybeProfiled<T>(
  profiler: Profiler | undefined,
  { sidecarMetrics }: Pick<Testbed, 'sidecarMetrics'>,
  seconds: number,
  work: () => Promise<T>,
): Promise<T> {
  if (profiler === undefined) return work();
  const { ports, path, onShares } = profiler;
  const inspector = await attachInspector(ports.service);
  try {
    await inspector.Profiler.enable();
    await inspector.Profiler.start();
    const [result, sidecar] = await Promise.all([
      work(),
      sidecarMetrics.length === 0 ? undefined : goProfile(ports.sidecar, seconds),
    ]);
    const { profile } = await inspector.Profiler.stop();
    await writeFile(`${path}.order.cpuprofile`, JSON.stringify(profile));
    onShares('order service', sharesOfNode(profile));
    if (sidecar !== undefined) {
      await writeFile(`${path}.sidecar.pb.gz`, sidecar);
      onShares('sidecar', sharesOfGo(sidecar));
    }
    return result;
  } finally {
    await inspector.close();
  }
}

async function goProfile(port: number, seconds: number): Promise<Uint8Array> {
  const url = `http://127.0.0.1:${port}/debug/pprof/profile?seconds=${seconds}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(seconds * 1000 + GRACE_MS) });
  if (!response.ok) throw new Error(`no profile of the sidecar: ${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}
