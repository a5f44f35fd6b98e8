import type { Sample } from './sample.ts';

/** The cost of one order. */
export interface PerOrder {
  /** CPU milliseconds by process. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** CPU milliseconds of the order service, its sidecar and Redis together. */
  readonly coreCpuMs: number;
  /** Requests to the order service's sidecar. */
  readonly sidecarCalls: number;
  /** Bytes of those requests and their responses. */
  readonly sidecarBytes: number;
  /** Operations of the sidecar on the state store; a transaction or a bulk get is one. */
  readonly stateOperations: number;
  /** Commands that Redis ran, those in scripts and transactions included. */
  readonly redisCommands: number;
  /** Bytes appended to the file of Redis and made durable. */
  readonly durableBytes: number;
  /** Messages of all topics; NaN without topics on Redis. */
  readonly messages: number;
  /** Bytes of those messages, from the mean size of the latest ones of each topic. */
  readonly messageBytes: number;
}

const CORE_PROCESSES = ['order', 'order-dapr', 'redis'];

const bytesOf = ({ messages, messageSizes }: Sample): number =>
  Object.entries(messages).reduce((sum, [topic, count]) => sum + count * (messageSizes[topic] ?? 0), 0);

/** Divides the resources used by the number of orders. `ownReads` are Redis commands of the benchmark itself. */
export function perOrder(used: Sample, orders: number, ownReads = 0): PerOrder {
  const cpuMs = Object.fromEntries(
    Object.entries(used.cpu).map(([name, seconds]) => [name, (seconds * 1000) / orders]),
  );
  const counted = Object.keys(used.messages).length > 0;
  return {
    cpuMs,
    coreCpuMs: CORE_PROCESSES.reduce((total, name) => total + (cpuMs[name] ?? 0), 0),
    sidecarCalls: used.sidecar.calls / orders,
    sidecarBytes: used.sidecar.bytes / orders,
    stateOperations: used.sidecar.stateOperations / orders,
    redisCommands: (used.redis.commands - ownReads) / orders,
    durableBytes: used.redis.aofBytes / orders,
    messages: counted ? Object.values(used.messages).reduce((sum, count) => sum + count, 0) / orders : Number.NaN,
    messageBytes: counted ? bytesOf(used) / orders : Number.NaN,
  };
}
