import type { Load, LoadResult, PhaseMarker } from '../generator/load.ts';
import { runGenerator } from '../generator/run-generator.ts';
import { LOAD_LIMITS } from '../settings.ts';
import type { Testbed } from '../testbed/testbed.ts';

/** The variable part of a load. */
export type LoadShape = Pick<Load, 'loop' | 'warmupSeconds' | 'seconds'> & Partial<Pick<Load, 'maxRequests'>>;

/** Sends orders to a testbed. Resolves to the result and the ids of all acknowledged orders, warm-up included. */
export async function sendOrders(
  { target }: Pick<Testbed, 'target'>,
  shape: LoadShape,
  onMarker?: (marker: PhaseMarker, generatorPid: number) => void,
): Promise<{ readonly load: LoadResult; readonly ids: readonly string[] }> {
  const { result: load, ids } = await runGenerator({ ...LOAD_LIMITS, target, ...shape }, onMarker);
  if (ids.length === 0) throw new Error(`no order was acknowledged; the first response was ${load.firstOther}`);
  return { load, ids };
}
