import type { Rig } from '../rig/rig.ts';
import { difference, type RedisTotals, redisTotals, type SidecarTotals, sidecarTotals } from './counts.ts';
import { cpuSeconds } from './proc.ts';

/** Everything that a rig's parts have used and done since they started. */
export interface Sample {
  /** CPU seconds by part. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly redis: RedisTotals;
  readonly sidecar: SidecarTotals;
  /** Messages by topic; those that are trimmed count too. */
  readonly messages: Readonly<Record<string, number>>;
}

const NO_SIDECAR: SidecarTotals = { calls: 0, bytes: 0, stateOperations: 0 };
const CALL_MS = 5_000;

/** Looks at every part of the rig, and at `others` (name to process id) for their CPU only. */
export async function sample(rig: Rig, others: Readonly<Record<string, number>> = {}): Promise<Sample> {
  const [cpu, info, exposition, messages] = await Promise.all([
    cpuSeconds({ ...rig.pids(), ...others }),
    rig.redis.info('everything'),
    rig.sidecarMetrics === undefined ? undefined : textOf(rig.sidecarMetrics),
    messageCounts(rig),
  ]);
  return {
    cpu,
    redis: redisTotals(info),
    sidecar: exposition === undefined ? NO_SIDECAR : sidecarTotals(exposition),
    messages,
  };
}

/** How many messages each topic has ever held. */
export async function messageCounts({
  redis,
  topics: names,
}: Pick<Rig, 'redis' | 'topics'>): Promise<Record<string, number>> {
  const counts = await Promise.all(
    names.map(async (name) => ((await redis.exists(name)) ? (await redis.xInfoStream(name))['entries-added'] : 0)),
  );
  return Object.fromEntries(names.map((name, i) => [name, Number(counts[i])]));
}

/** What was used and done between two samples. A part that was started in between is left out of `cpu`. */
export function between(before: Sample, after: Sample): Sample {
  return {
    cpu: difference(pick(after.cpu, before.cpu), before.cpu),
    redis: difference(after.redis, before.redis),
    sidecar: difference(after.sidecar, before.sidecar),
    messages: difference(after.messages, before.messages),
  };
}

function pick(from: Readonly<Record<string, number>>, like: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.keys(like).map((key) => [key, from[key] ?? Number.NaN]));
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(CALL_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}
