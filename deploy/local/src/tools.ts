import { resolveTool } from '@standing-order/tools';
import type { Settings } from './options.ts';

/** Programs that the platform runs. */
export interface Tools {
  readonly daprd: string;
  readonly redis: string;
  /** Only if it keeps the state. */
  readonly postgres: string | undefined;
  /** Only if it carries the messages. */
  readonly kafka: { readonly kafka: string; readonly java: string } | undefined;
}

/** Finds what the platform runs; on a machine that lacks it, this takes minutes and tells how far it is. */
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
