import { setTimeout as pause } from 'node:timers/promises';
import { logger } from '@standing-order/service-kit/telemetry';
import type { Lanes } from './lanes.ts';

const RETRY_AFTER_MS = 1_000;

/** Materializes the newest change of every lane, with retries until it succeeds. Resolves at once when aborted. */
export async function repairLanes<E>(lanes: Lanes<E>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const [lane, log] of (await lanes.logs()).entries()) await lanes.materializeNewest(lane, log);
      return;
    } catch (error) {
      logger.warn({ err: error }, 'repairing the lanes failed; retrying');
      await pause(RETRY_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
