import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Edge, Load, LoadResult } from '../generator/load.ts';
import { offer } from '../generator/offer.ts';
import { CONSUMERS, RESTAURANTS } from '../rig/entities.ts';
import type { Bench, Rig } from '../rig/rig.ts';
import { LOAD } from '../settings.ts';

/** Offers orders to a rig's order service; gives the result and the ids of all acknowledged orders, warm-up included. */
export async function offerTo(
  bench: Bench,
  rig: Rig,
  shape: Pick<Load, 'loop' | 'warmupSeconds' | 'seconds'> & Partial<Pick<Load, 'maxRequests'>>,
  onEdge?: (edge: Edge, generatorPid: number) => void,
): Promise<{ readonly load: LoadResult; readonly ids: readonly string[] }> {
  const idsFile = join(bench.dataDir, 'acknowledged-ids');
  const load = await offer(
    { ...LOAD, way: rig.way, consumers: CONSUMERS, restaurants: RESTAURANTS, idsFile, ...shape },
    onEdge,
  );
  if (load.ids === 0) throw new Error(`not one order was acknowledged; the first answer was ${load.firstOther}`);
  const ids = (await readFile(idsFile, 'utf8')).split('\n').slice(0, -1);
  return { load, ids };
}
