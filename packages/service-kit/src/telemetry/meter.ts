import { metrics } from '@opentelemetry/api';

/**
 * For all metrics of a service. Names follow OpenTelemetry; the unit is part of what Prometheus shows. Unlike a tracer, a
 * meter is for ever without effect when it is made before telemetry was started, so start.ts must not import this file.
 */
export const meter = metrics.getMeter('standing-order');

/** Bounds of duration histograms, in seconds. */
export const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
