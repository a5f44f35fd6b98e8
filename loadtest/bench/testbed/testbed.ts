import { TOPICS } from '@standing-order/contracts';
import { type Platform, type Resource, startPlatform, withSettings } from '@standing-order/local';
import type { RedisClientType } from 'redis';
import { connectToRedis } from '../../redis-client.ts';
import type { Target } from '../generator/load.ts';
import { metricsUrl } from '../measure/counts.ts';
import type { Contender } from './contender.ts';

/** Options that all testbeds of a run share. */
export interface Bench {
  readonly portBase: number;
  /** Emptied before each testbed starts. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
}

export interface TestbedOptions {
  readonly contender: Contender;
  /** Whether consumer and restaurant run too. */
  readonly validators: boolean;
  /** Ports for the inspectors of the order service and of its sidecar; without them there is no inspector and no cost. */
  readonly inspect?: InspectPorts | undefined;
}

export interface InspectPorts {
  readonly service: number;
  readonly sidecar: number;
}

/** One Redis for state and messages, the order service with its sidecar, and optionally the validators with theirs. */
export interface Testbed {
  readonly target: Target;
  readonly urls: Readonly<Record<'consumer' | 'restaurant', string>>;
  readonly redis: RedisClientType;
  /** URLs of the metrics of the order service's sidecars, one per replica; empty without a sidecar. */
  readonly sidecarMetrics: readonly string[];
  /** False for a contender that stores no orders. */
  readonly stores: boolean;
  /** Every topic on Redis, dead-letter topics included; none if the messages are on Kafka. */
  readonly topics: readonly string[];
  /** Process ids of all replicas, by process: order, order-dapr, redis, consumer, consumer-dapr, ... */
  pids(): Record<string, readonly number[]>;
  kill(process: string): Promise<void>;
  start(process: string): Promise<void>;
  close(): Promise<void>;
}

const ORDER_SIDECAR = /^order-\d+-dapr$/;
const VALIDATOR = /^(consumer|restaurant)-/;
/** The number of a replica, or the role of the only Redis, in the name of a process. */
const REPLICA_OR_ROLE = /-(\d+|state)/;

/** Starts a testbed with empty stores, runs `work` when it is ready, and ends every process afterwards. */
export async function withTestbed<T>(
  bench: Bench,
  options: TestbedOptions,
  work: (testbed: Testbed) => Promise<T>,
): Promise<T> {
  const testbed = await startTestbed(bench, options);
  try {
    return await work(testbed);
  } finally {
    await testbed.close();
  }
}

async function startTestbed(bench: Bench, { contender, validators, inspect }: TestbedOptions): Promise<Testbed> {
  const { portBase, dataDir, signal } = bench;
  const { replicas = 1 } = contender;
  const statePort = portBase + 900;
  const inspectorEnv = inspect && { NODE_OPTIONS: `--inspect=127.0.0.1:${inspect.service}` };
  const platform = await startPlatform({
    portBase,
    dataDir,
    signal,
    clean: true,
    replicas: { order: replicas, consumer: replicas, restaurant: replicas },
    // No other contender keeps lists of a consumer's orders.
    env: { order: { REDIS_PORT: String(statePort), CONSUMER_ORDERS: 'off', ...contender.env, ...inspectorEnv } },
    ...(inspect && {
      sidecarFlags: { order: { 'enable-profiling': 'true', 'profile-port': String(inspect.sidecar) } },
    }),
    ...(contender.main === undefined ? {} : { main: { order: contender.main } }),
    ...(contender.broker === undefined ? {} : { broker: contender.broker }),
    resources: (resources) => {
      const connected =
        contender.broker === undefined ? resources.map((resource) => onRedis(resource, statePort)) : resources;
      return contender.resources?.(connected) ?? connected;
    },
  });
  try {
    const isUnused = (process: string) =>
      process === 'redis-broker' ||
      (!validators && VALIDATOR.test(process)) ||
      (contender.withoutSidecar === true && ORDER_SIDECAR.test(process));
    for (const { name } of platform.processes()) if (isUnused(name)) await platform.kill(name);
    return testbedOf(platform, contender, await connect(platform.stores.state));
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** Uses the state Redis as the broker, too, so that "one Redis" is the same for all contenders. */
function onRedis(resource: Resource, port: number): Resource {
  if (resource.kind !== 'Component' || resource.metadata.name !== 'messages') return resource;
  return withSettings(resource, { redisHost: `127.0.0.1:${port}` });
}

async function connect(url: string): Promise<RedisClientType> {
  const client = await connectToRedis(url, { deadline: false });
  // A rewrite of the append-only file during a measurement would slow down one contender and not the next.
  await client.configSet('auto-aof-rewrite-percentage', '0');
  return client;
}

function testbedOf(platform: Platform, contender: Contender, redis: RedisClientType): Testbed {
  const url = (service: 'consumer' | 'restaurant') => platform.urls[service][0] as string;
  const orderSidecars = platform.processes().filter(({ name }) => ORDER_SIDECAR.test(name));
  return {
    target:
      contender.byMessage === true
        ? { by: 'message', redisUrl: platform.stores.state }
        : { by: 'http', urls: platform.urls.order },
    urls: { consumer: url('consumer'), restaurant: url('restaurant') },
    redis,
    sidecarMetrics: contender.withoutSidecar === true ? [] : orderSidecars.map(({ ports }) => metricsUrl(ports)),
    stores: contender.storesNothing !== true,
    topics:
      contender.broker === undefined
        ? [...Object.values(TOPICS).flatMap(({ name, deadLetter }) => [name, deadLetter]), ...(contender.topics ?? [])]
        : [],
    pids: () => pidsOf(platform),
    kill: (process) => platform.kill(process),
    start: async (process) => {
      await platform.start(process);
      await platform.ready();
    },
    close: async () => {
      redis.destroy();
      await Promise.all(platform.processes().map(({ name }) => platform.kill(name)));
      await platform.close();
    },
  };
}

function pidsOf(platform: Platform): Record<string, readonly number[]> {
  const running = platform.processes().flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]));
  const byProcess = Map.groupBy(running, ({ name }) => name.replace(REPLICA_OR_ROLE, ''));
  return Object.fromEntries([...byProcess].map(([name, replicas]) => [name, replicas.map(({ pid }) => pid)]));
}
