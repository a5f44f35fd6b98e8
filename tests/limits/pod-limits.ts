import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';

const VALUES = resolve(import.meta.dirname, '../../charts/standing-order/values.yaml');
const UNITS: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** A quantity of Kubernetes such as `512Mi`, in bytes. */
export function bytesOf(quantity: string): number {
  const [, amount, unit = ''] = /^(\d+)(Ki|Mi|Gi)$/.exec(quantity) ?? [];
  if (amount === undefined) throw new Error(`${quantity} is no quantity in Ki, Mi or Gi`);
  return Number(amount) * (UNITS[unit] as number);
}

/** The sizes above which the Redis servers of the chart refuse writes. */
export function redisMaxMemory(): Readonly<Record<string, string>> {
  const { stateStore, broker } = parse(readFileSync(VALUES, 'utf8'));
  return { 'redis-state': stateStore.maxMemory, 'redis-broker': broker.maxMemory };
}

/** The memory limit of a process of the platform, in bytes, from the values of the chart. */
export function podLimitOf(process: string): number {
  const { defaults, services, stateStore, broker } = parse(readFileSync(VALUES, 'utf8'));
  if (process === 'redis-state') return bytesOf(stateStore.resources.limits.memory);
  if (process === 'redis-broker' || process === 'kafka') return bytesOf(broker.resources.limits.memory);
  const service = { ...defaults, ...services[process.split('-')[0] as string] };
  const { limits } = process.endsWith('-dapr') ? service.sidecarResources : service.resources;
  return bytesOf(limits.memory);
}
