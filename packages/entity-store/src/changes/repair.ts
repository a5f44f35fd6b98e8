import { setTimeout as pause } from 'node:timers/promises';
import { logger } from '@standing-order/service-kit/telemetry';
import type { Lanes } from './lanes.ts';

const AGAIN_AFTER_MS = 1_000;

/** Puts the newest change of every lane into effect, as often as it takes. Resolves at once when aborted. */
export async function repairLanes<E>(lanes: Lanes<E>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const [lane, log] of (await lanes.logs()).entries()) await lanes.settle(lane, log);
      return;
    } catch (error) {
      logger.warn({ err: error }, 'the lanes could not be repaired yet');
      await pause(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
