import { resolveTool } from '@standing-order/tools';
import type { Settings } from './options.ts';

/** Programs that the platform runs. */
export interface Tools {
  readonly daprd: string;
  readonly redis: string;
  /** Only for the state store PostgreSQL. */
  readonly postgres: string | undefined;
  /** Only for the broker Kafka. */
  readonly kafka: { readonly kafka: string; readonly java: string } | undefined;
}

/** Finds the programs. A program that must be built takes minutes; its progress is printed. */
export async function findTools({ store, broker }: Pick<Settings, 'store' | 'broker'>): Promise<Tools> {
  const [daprd, redis, postgres, kafka] = await Promise.all([
    resolveTool('daprd'),
    resolveTool('redis-server'),
    store === 'postgresql' ? resolveTool('postgres') : undefined,
    broker === 'kafka' ? findKafka() : undefined,
  ]);
  return { daprd, redis, postgres, kafka };
}

async function findKafka(): Promise<Tools['kafka']> {
  const [kafka, java] = await Promise.all([resolveTool('kafka'), resolveTool('java')]);
  return { kafka, java };
}
