import type { Sample } from './sample.ts';

/** What one order costs. */
export interface PerOrder {
  /** CPU milliseconds by part. */
  readonly cpuMs: Readonly<Record<string, number>>;
  /** CPU milliseconds of the order service, its sidecar and Redis together. */
  readonly coreCpuMs: number;
  /** Requests at the order service's sidecar. */
  readonly sidecarCalls: number;
  /** Bytes of those requests and their answers. */
  readonly sidecarBytes: number;
  /** Operations that the sidecar asked of the state store; a transaction or a bulk get is one. */
  readonly stateOperations: number;
  /** Commands that Redis ran, those in scripts and transactions included. */
  readonly redisCommands: number;
  /** Bytes appended to Redis' file, and made durable. */
  readonly durableBytes: number;
  /** Messages of all topics. */
  readonly messages: number;
}

/** Shares out what was used among the orders. `ownReads` are Redis commands of the bench itself. */
export function perOrder(used: Sample, orders: number, ownReads = 0): PerOrder {
  const sum = (values: Readonly<Record<string, number>>) =>
    Object.values(values).reduce((total, each) => total + each, 0);
  const cpuMs = Object.fromEntries(
    Object.entries(used.cpu).map(([part, seconds]) => [part, (seconds * 1000) / orders]),
  );
  const core = ['order', 'order-dapr', 'redis'];
  return {
    cpuMs,
    coreCpuMs: core.reduce((total, part) => total + (cpuMs[part] ?? 0), 0),
    sidecarCalls: used.sidecar.calls / orders,
    sidecarBytes: used.sidecar.bytes / orders,
    stateOperations: used.sidecar.stateOperations / orders,
    redisCommands: (used.redis.commands - ownReads) / orders,
    durableBytes: used.redis.aofBytes / orders,
    messages: sum(used.messages) / orders,
  };
}
