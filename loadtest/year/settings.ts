import {
  type BrokerKind,
  type PlatformOptions,
  type Resource,
  type StoreKind,
  withSettings,
} from '@standing-order/local';

const MIB = 1024 * 1024;

/** A simulated year: every bound of the platform is shorter, so that each is reached many times. */
export interface Settings {
  readonly store: StoreKind;
  readonly broker: BrokerKind;
  /** Orders per second. */
  readonly rate: number;
  /** Duration of the load. With a retention of 30 s, which stands for 30 days, 365 s stand for a year. */
  readonly seconds: number;
  readonly retentionSeconds: number;
}

/** Commands of each topic that a Redis stream keeps, approximately. */
const MAX_STREAM_LENGTH = '2000';
const CLEANUP_INTERVAL = '5s';

/** Kafka refuses segments below 1 MiB. Each partition keeps two segments and the one that is written. */
const KAFKA: Readonly<Record<string, number>> = {
  'num.partitions': 2,
  'log.retention.bytes': 2 * MIB,
  'log.segment.bytes': MIB,
  'log.retention.check.interval.ms': 2_000,
  'log.segment.delete.delay.ms': 1_000,
  'offsets.topic.segment.bytes': MIB,
  'log.cleaner.backoff.ms': 2_000,
};

/** Statements that shorten the intervals of PostgreSQL's own clean-up. They need a reload of the configuration. */
export const POSTGRESQL: readonly string[] = [
  "ALTER SYSTEM SET autovacuum_naptime = '5s'",
  "ALTER SYSTEM SET checkpoint_timeout = '30s'",
  "ALTER SYSTEM SET max_wal_size = '128MB'",
];

/** The options of a platform with these bounds. */
export function platformOptions({ store, broker, retentionSeconds }: Settings): Omit<PlatformOptions, 'dataDir'> {
  return {
    store,
    broker,
    replicas: { order: 2, notification: 1 },
    env: { order: { ORDER_RETENTION: `${retentionSeconds}s` } },
    kafka: KAFKA,
    resources: (resources) => resources.map((resource) => withShortBounds(resource, store, broker)),
  };
}

function withShortBounds(resource: Resource, store: StoreKind, broker: BrokerKind): Resource {
  if (resource.kind !== 'Component') return resource;
  if (resource.metadata.name === 'messages' && broker === 'redis')
    return withSettings(resource, { maxLenApprox: MAX_STREAM_LENGTH });
  if (resource.metadata.name === 'state' && store === 'postgresql')
    return withSettings(resource, { cleanupInterval: CLEANUP_INTERVAL });
  return resource;
}
