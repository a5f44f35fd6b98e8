import { type Attributes, type Counter, metrics } from '@opentelemetry/api';

/**
 * The meter of all metrics of a service. Names follow OpenTelemetry; Prometheus appends the unit. Unlike a tracer, a meter that is
 * created before telemetry was started never records, so start.ts must not import this file.
 */
export const meter = metrics.getMeter('standing-order');

/**
 * Starts a counter at 0 for these attributes. A counter that first appears with 1 has no increase that Prometheus detects, so an
 * alert on its first event would not fire.
 */
export function countFromZero<T extends Attributes>(counter: Counter<T>, ...attributes: readonly T[]): Counter<T> {
  for (const each of attributes) counter.add(0, each);
  return counter;
}

/** Bucket bounds of duration histograms, in seconds. */
export const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
