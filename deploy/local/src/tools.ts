import { resolveTool } from '@standing-order/tools';
import type { StoreKind } from './dapr/state.ts';

/** Programs that the platform runs. */
export interface Tools {
  readonly daprd: string;
  readonly redis: string;
  /** Only if it keeps the state. */
  readonly postgres: string | undefined;
}

/** Finds what the platform runs; on a machine that lacks it, this takes minutes and tells how far it is. */
export async function findTools(store: StoreKind): Promise<Tools> {
  const [daprd, redis, postgres] = await Promise.all([
    resolveTool('daprd'),
    resolveTool('redis-server'),
    store === 'postgresql' ? resolveTool('postgres') : undefined,
  ]);
  return { daprd, redis, postgres };
}
