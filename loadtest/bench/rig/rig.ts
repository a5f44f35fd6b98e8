import { TOPICS } from '@standing-order/contracts';
import { type Platform, type Resource, startPlatform } from '@standing-order/local';
import { createClient, type RedisClientType } from 'redis';
import type { Way } from '../generator/load.ts';
import type { Contender } from './contender.ts';

/** What every rig of a run has in common. */
export interface Bench {
  readonly portBase: number;
  /** Emptied before each rig starts. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
}

export interface RigOptions {
  readonly contender: Contender;
  /** Whether consumer and restaurant run too. */
  readonly validators: boolean;
  /** Where the order service and its sidecar let themselves be inspected; without it they don't, at no cost. */
  readonly inspect?: InspectPorts | undefined;
}

export interface InspectPorts {
  readonly service: number;
  readonly sidecar: number;
}

/** One Redis for state and messages, one order service with its sidecar, and the validators with theirs if wanted. */
export interface Rig {
  /** How its order service is asked for orders. */
  readonly way: Way;
  readonly urls: Readonly<Record<'consumer' | 'restaurant', string>>;
  readonly redis: RedisClientType;
  /** Where the order service's sidecar tells its metrics; undefined when there is none. */
  readonly sidecarMetrics: string | undefined;
  /** False for a contender that only answers. */
  readonly stores: boolean;
  /** Every topic, dead-letter topics included. */
  readonly topics: readonly string[];
  /** Process ids of what runs, by part: order, order-dapr, redis, consumer, consumer-dapr, ... */
  pids(): Record<string, number>;
  kill(part: string): Promise<void>;
  start(part: string): Promise<void>;
  close(): Promise<void>;
}

const ORDER = { service: 'order-1', sidecar: 'order-1-dapr' };
const VALIDATORS = ['consumer-1', 'consumer-1-dapr', 'restaurant-1', 'restaurant-1-dapr'];

/** Starts everything from nothing and waits until it is ready. Leaves nothing running when it fails. */
export async function startRig(bench: Bench, { contender, validators, inspect }: RigOptions): Promise<Rig> {
  const { portBase, dataDir, signal } = bench;
  const statePort = portBase + 900;
  const inspected = inspect && { NODE_OPTIONS: `--inspect=127.0.0.1:${inspect.service}` };
  const platform = await startPlatform({
    portBase,
    dataDir,
    signal,
    clean: true,
    // Lists of consumers' orders are more than any contender keeps.
    env: { order: { REDIS_PORT: String(statePort), CONSUMER_ORDERS: 'off', ...contender.env, ...inspected } },
    ...(inspect && {
      sidecarFlags: { order: { 'enable-profiling': 'true', 'profile-port': String(inspect.sidecar) } },
    }),
    ...(contender.main === undefined ? {} : { main: { order: contender.main } }),
    resources: (resources) => {
      const oneRedis = resources.map((resource) => onRedis(resource, statePort));
      return contender.resources?.(oneRedis) ?? oneRedis;
    },
  });
  try {
    const idle = [
      'redis-broker',
      ...(validators ? [] : VALIDATORS),
      ...(contender.withoutSidecar === true ? [ORDER.sidecar] : []),
    ];
    for (const part of idle) await platform.kill(part);
    return rigOf(platform, contender, portBase, await connect(platform.stores.state));
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** Messages into the Redis that also keeps the state, so that "one Redis" is the same for all. */
function onRedis(resource: Resource, port: number): Resource {
  if (resource.kind !== 'Component' || resource.metadata.name !== 'messages') return resource;
  const settings = resource.spec.metadata as readonly { name: string; value: string }[];
  const metadata = settings.map((setting) =>
    setting.name === 'redisHost' ? { ...setting, value: `127.0.0.1:${port}` } : setting,
  );
  return { ...resource, spec: { ...resource.spec, metadata } };
}

async function connect(url: string): Promise<RedisClientType> {
  const client: RedisClientType = createClient({ url, socket: { reconnectStrategy: false } });
  // Whatever is under way is rejected with the same error, and handled there.
  client.on('error', () => undefined);
  await client.connect();
  // A rewrite of the append-only file in the middle of a measurement would hit one contender and not the next.
  await client.configSet('auto-aof-rewrite-percentage', '0');
  return client;
}

function rigOf(platform: Platform, contender: Contender, portBase: number, redis: RedisClientType): Rig {
  const url = (service: 'order' | 'consumer' | 'restaurant') => platform.urls[service][0] as string;
  return {
    way:
      contender.byMessage === true
        ? { by: 'message', redisUrl: platform.stores.state }
        : { by: 'http', url: url('order') },
    urls: { consumer: url('consumer'), restaurant: url('restaurant') },
    redis,
    sidecarMetrics: contender.withoutSidecar === true ? undefined : `http://127.0.0.1:${portBase + 4}/metrics`,
    stores: contender.storesNothing !== true,
    topics: [
      ...Object.values(TOPICS).flatMap(({ name, deadLetter }) => [name, deadLetter]),
      ...(contender.topics ?? []),
    ],
    pids: () =>
      Object.fromEntries(
        platform.processes().flatMap(({ name, pid }) => (pid === undefined ? [] : [[name.replace(/-1|-state/, ''), pid]])),
      ),
    kill: (part) => platform.kill(part),
    start: async (part) => {
      await platform.start(part);
      await platform.ready();
    },
    close: async () => {
      redis.destroy();
      await Promise.all(platform.processes().map(({ name }) => platform.kill(name)));
      await platform.close();
    },
  };
}
