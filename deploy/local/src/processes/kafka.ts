import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOOPBACK } from '../ports.ts';
import type { Probe } from '../wait.ts';
import { inheritedEnv, type ProcessSpec } from './spec.ts';
import { answersTcp } from './tcp-probe.ts';

const run = promisify(execFile);

const NAME = 'kafka';

export interface KafkaOptions {
  /** The script that runs a class of Kafka. */
  readonly binary: string;
  readonly java: string;
  readonly port: number;
  /** The port that the broker names to its clients: its own, or that of a proxy. */
  readonly advertisedPort: number;
  /** Port of the node's own controller. */
  readonly controllerPort: number;
  readonly dataDir: string;
  /** Properties over those of `kafkaSettings`. */
  readonly properties: Readonly<Record<string, string | number>>;
}

/** Any 16 bytes in base64url. They never change, because the node's data belongs to this id. */
const CLUSTER_ID = 'standing-order-broker1';

/** Without the optimising compiler Kafka starts in half the time; the local load is too small for that compiler to pay. */
const JAVA_FLAGS = ['-Xms128m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=WARN'];

const MIB = 1024 * 1024;
const PARTITIONS = 8;
/** As in the chart: eight topics, their dead-letter topics, and the outcomes of four clients share four fifths of 3 GiB. */
const PARTITION_BYTES = Math.floor((3 * 1024 * MIB * 4) / (5 * 20 * PARTITIONS));

/** A Kafka broker that is its own controller (KRaft). Topics are created at first use. */
export function kafkaProcess(options: KafkaOptions): ProcessSpec {
  const { binary, java, port, controllerPort, dataDir } = options;
  const dir = join(dataDir, NAME);
  const properties = join(dataDir, `${NAME}.properties`);
  const settingsIn = (folder: string) => textOf({ ...kafkaSettings(options, folder), ...options.properties });
  // In another locale, Java finds no file whose path has other characters than those of ASCII.
  const env = { ...inheritedEnv(), LC_ALL: 'C.UTF-8', JAVA: java };
  return {
    name: NAME,
    kind: 'store',
    ports: [port, controllerPort],
    program: { file: binary, args: [...JAVA_FLAGS, 'kafka.Kafka', properties], env },
    async prepare(signal) {
      await writeFile(properties, settingsIn(dir));
      await format({ dir, binary, env, signal, write: settingsIn });
    },
    alive: answersApiVersions(port),
    ready: answersApiVersions(port),
    stopSignal: 'SIGTERM',
    stopDeadlineMs: 20_000,
  };
}

/** The settings of a single broker; `dir` holds its data. */
export function kafkaSettings(
  { port, advertisedPort, controllerPort }: Pick<KafkaOptions, 'port' | 'advertisedPort' | 'controllerPort'>,
  dir: string,
): Record<string, string | number> {
  const oneNode = Object.fromEntries(
    ['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic'].map((topic) => [
      `${topic}.replication.factor`,
      1,
    ]),
  );
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${LOOPBACK}:${port},CONTROLLER://${LOOPBACK}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${advertisedPort}`,
    'log.dirs': dir,
    ...oneNode,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'offsets.topic.num.partitions': 4,
    // The commands of 64 lanes are read in this many parallel streams, by as many replicas at most. More partitions would
    // make smaller batches, because each partition gathers its own.
    'num.partitions': PARTITIONS,
    'auto.create.topics.enable': 'true',
    'log.retention.hours': 24,
    // Of each partition: Kafka deletes only whole segments, so a partition takes the sum of both.
    'log.retention.bytes': Math.floor((3 * PARTITION_BYTES) / 4),
    'log.segment.bytes': Math.floor(PARTITION_BYTES / 4),
    'log.retention.check.interval.ms': 60_000,
    'offsets.topic.segment.bytes': 10 * MIB,
    // An acknowledged message is in the system's cache: a kill loses no message, a power cut up to a second, as with Redis.
    'log.flush.interval.ms': 1_000,
    'log.flush.scheduler.interval.ms': 1_000,
    // The group has no other members to wait for.
    'group.initial.rebalance.delay.ms': 0,
    // After a kill, its own controller accepts the broker again only when the former session has expired.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'num.io.threads': 4,
    'num.network.threads': 2,
    'log.cleaner.dedupe.buffer.size': 8 * MIB,
  };
}

const textOf = (properties: Record<string, string | number>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${String(value).replace(/[^ -[\]-~]/g, escapeUnit)}\n`)
    .join('');

/** Java reads properties in Latin-1, and a backslash as an escape. */
const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

interface Format {
  readonly dir: string;
  readonly binary: string;
  readonly env: Record<string, string>;
  readonly signal: AbortSignal;
  /** The properties for data in another directory. */
  write(draft: string): string;
}

/** Creates the data directory under another name first, so that an interrupted start leaves no incomplete directory. */
async function format({ dir, binary, env, signal, write }: Format): Promise<void> {
  if (existsSync(dir)) return;
  const draft = `${dir}.new`;
  const properties = `${draft}.properties`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(properties, write(draft));
  const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID, '--config', properties];
  await run(binary, [...JAVA_FLAGS, ...tool], { env, signal, timeout: 60_000 });
  await rename(draft, dir);
  await rm(properties);
}

/** Sends ApiVersions in its oldest version, which every broker answers. */
const answersApiVersions = (port: number): Probe =>
  answersTcp(port, apiVersionsRequest(), (response) => {
    const errorCode = response.length < 10 ? -1 : response.readInt16BE(8);
    return errorCode === 0 ? undefined : `ApiVersions answered with error ${errorCode}`;
  });

function apiVersionsRequest(): Buffer {
  const request = Buffer.alloc(14);
  request.writeInt32BE(request.length - 4, 0);
  const apiVersions = 18;
  request.writeInt16BE(apiVersions, 4);
  const noClientId = -1;
  request.writeInt16BE(noClientId, 12);
  return request;
}
