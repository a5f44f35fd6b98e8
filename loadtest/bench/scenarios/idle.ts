import { setTimeout as delay } from 'node:timers/promises';
import { type Platform, startPlatform } from '@standing-order/local';
import { connectToRedis } from '../../redis-client.ts';
import { commandCounts, difference, metricsUrl, sidecarTotals } from '../measure/counts.ts';
import { cpuSeconds, wakeups } from '../measure/proc.ts';
import { fetchText } from '../measure/sample.ts';
import type { Settings } from '../settings.ts';
import { createEntities } from '../testbed/entities.ts';
import type { Bench } from '../testbed/testbed.ts';
import { sendOrders } from './send-orders.ts';

/** The activity of one process of an idle platform per second. */
export interface IdleProcess {
  readonly name: string;
  readonly kind: 'store' | 'sidecar' | 'service';
  /** Share of one core. */
  readonly cores: number;
  /** How often its threads wake up. */
  readonly wakeups: number;
  /** Requests to the sidecar's HTTP API; undefined for other processes. */
  readonly calls?: number;
  /** Commands of a Redis by name, those of the measurement left out; undefined for other processes. */
  readonly commands?: Readonly<Record<string, number>>;
}

export interface IdleRun {
  readonly seconds: number;
  readonly processes: readonly IdleProcess[];
}

/** Counters of one process since its start. */
interface Counters {
  readonly cpu: number;
  readonly wakeups: number;
  readonly calls?: number;
  readonly commands?: Readonly<Record<string, number>>;
}

/** Commands of the measurement itself. */
const OWN_COMMANDS = ['info', 'hello', 'client', 'client|setinfo', 'client|setname', 'ping'];

/** Starts the platform as `npm start` does, lets it decide a few orders, and measures every process without any load. */
export async function measureIdle({ portBase, dataDir, signal }: Bench, { idle }: Settings): Promise<IdleRun> {
  const platform = await startPlatform({ portBase, dataDir, signal, clean: true, replicas: { notification: 1 } });
  try {
    const [order, consumer, restaurant] = [platform.urls.order, platform.urls.consumer, platform.urls.restaurant].map(
      ([url]) => url as string,
    ) as [string, string, string];
    await createEntities({ consumer, restaurant });
    const shape = { loop: { kind: 'open', rate: 20 }, warmupSeconds: 0, seconds: 2 } as const;
    await sendOrders({ target: { by: 'http', urls: [order] } }, shape);
    await delay(idle.settle * 1000, undefined, { signal });
    const before = await countersOf(platform);
    await delay(idle.seconds * 1000, undefined, { signal });
    const after = await countersOf(platform);
    return { seconds: idle.seconds, processes: perSecond(platform, before, after, idle.seconds) };
  } finally {
    await platform.close();
  }
}

async function countersOf(platform: Platform): Promise<ReadonlyMap<string, Counters>> {
  const counters = platform.processes().map(async ({ name, kind, pid, ports }): Promise<[string, Counters]> => {
    if (pid === undefined) throw new Error(`${name} does not run`);
    const { cpu } = await cpuSeconds({ cpu: [pid] });
    const own = { cpu, wakeups: await wakeups(pid) };
    if (kind === 'sidecar') return [name, { ...own, calls: sidecarTotals(await fetchText(metricsUrl(ports))).calls }];
    if (kind === 'store') return [name, { ...own, commands: await redisCommands(ports[0] as number) }];
    return [name, own];
  });
  return new Map(await Promise.all(counters));
}

async function redisCommands(port: number): Promise<Record<string, number>> {
  const client = await connectToRedis(`redis://127.0.0.1:${port}`);
  try {
    const counts = Object.entries(commandCounts(await client.info('commandstats')));
    return Object.fromEntries(counts.filter(([name]) => !OWN_COMMANDS.includes(name)));
  } finally {
    client.destroy();
  }
}

function perSecond(
  platform: Platform,
  before: ReadonlyMap<string, Counters>,
  after: ReadonlyMap<string, Counters>,
  seconds: number,
): IdleProcess[] {
  return platform.processes().map(({ name, kind }) => {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === undefined || to === undefined) throw new Error(`${name} was not measured`);
    return {
      name,
      kind,
      cores: (to.cpu - from.cpu) / seconds,
      wakeups: (to.wakeups - from.wakeups) / seconds,
      ...(to.calls !== undefined && from.calls !== undefined && { calls: (to.calls - from.calls) / seconds }),
      ...(to.commands && { commands: ratesOf(difference(to.commands, from.commands ?? {}), seconds) }),
    };
  });
}

const ratesOf = (counts: Readonly<Record<string, number>>, seconds: number): Record<string, number> =>
  Object.fromEntries(
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [name, count / seconds]),
  );
