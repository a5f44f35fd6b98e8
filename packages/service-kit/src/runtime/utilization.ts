import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** Returns the share of the last moments in which the event loop was busy, from 0 to 1. */
export type Utilization = () => number;

/** Minimum time over which the utilization is measured, in milliseconds. */
export const UTILIZATION_WINDOW_MS = 100;

type Reader = (from?: EventLoopUtilization) => EventLoopUtilization;

/**
 * Measures the event loop of this thread, from one call to a later one. A loop that is ready to run and has no processor counts
 * as busy, so the value also rises when other processes take the processors.
 */
export function createUtilization(read: Reader = (from) => performance.eventLoopUtilization(from)): Utilization {
  let from = read();
  let last = 0;
  return () => {
    const { idle, active, utilization } = read(from);
    if (idle + active < UTILIZATION_WINDOW_MS) return last;
    from = read();
    last = utilization;
    return last;
  };
}
