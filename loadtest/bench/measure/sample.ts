import type { Testbed } from '../testbed/testbed.ts';
import { difference, type RedisTotals, redisTotals, type SidecarTotals, sidecarTotals } from './counts.ts';
import { cpuSeconds } from './proc.ts';

/** Resources that the processes of a testbed have used since they started. */
export interface Sample {
  /** CPU seconds by process. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly redis: RedisTotals;
  readonly sidecar: SidecarTotals;
  /** Messages by topic, trimmed ones included. */
  readonly messages: Readonly<Record<string, number>>;
  /** Mean size of the latest messages by topic, in bytes. */
  readonly messageSizes: Readonly<Record<string, number>>;
}

/** Number of messages of each topic whose sizes are read. */
const SIZED_MESSAGES = 200;

const TIMEOUT_MS = 5_000;

/** Measures every process of the testbed, and only the CPU time of `others` (name to process ids). */
export async function sample(
  testbed: Testbed,
  others: Readonly<Record<string, readonly number[]>> = {},
): Promise<Sample> {
  const [cpu, info, expositions, messages, messageSizes] = await Promise.all([
    cpuSeconds({ ...testbed.pids(), ...others }),
    testbed.redis.info('everything'),
    Promise.all(testbed.sidecarMetrics.map(fetchText)),
    messageCounts(testbed),
    meanMessageSizes(testbed),
  ]);
  return {
    cpu,
    redis: redisTotals(info),
    sidecar: sidecarTotals(expositions.join('\n')),
    messages,
    messageSizes,
  };
}

async function meanMessageSizes({ redis, topics }: Pick<Testbed, 'redis' | 'topics'>): Promise<Record<string, number>> {
  const sizes = await Promise.all(
    topics.map(async (name) => {
      const latest = (await redis.xRevRange(name, '+', '-', { COUNT: SIZED_MESSAGES })) ?? [];
      const bytes = latest.map(({ message }) => Buffer.byteLength(String(message.data)));
      return bytes.reduce((sum, size) => sum + size, 0) / Math.max(1, bytes.length);
    }),
  );
  return Object.fromEntries(topics.map((name, i) => [name, sizes[i] ?? 0]));
}

/** Number of messages that were ever added to each topic. */
export async function messageCounts({
  redis,
  topics,
}: Pick<Testbed, 'redis' | 'topics'>): Promise<Record<string, number>> {
  const counts = await Promise.all(
    topics.map(async (name) => ((await redis.exists(name)) ? (await redis.xInfoStream(name))['entries-added'] : 0)),
  );
  return Object.fromEntries(topics.map((name, i) => [name, Number(counts[i])]));
}

/** The resources used between two samples. `cpu` leaves out processes that started in between. */
export function between(before: Sample, after: Sample): Sample {
  const cpu = Object.fromEntries(Object.keys(before.cpu).map((name) => [name, after.cpu[name] ?? Number.NaN]));
  return {
    cpu: difference(cpu, before.cpu),
    redis: difference(after.redis, before.redis),
    sidecar: difference(after.sidecar, before.sidecar),
    messages: difference(after.messages, before.messages),
    messageSizes: after.messageSizes,
  };
}

/** Fetches a text. Rejects unless the response is successful. */
export async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`GET ${url}: unexpected status ${response.status}`);
  return response.text();
}
