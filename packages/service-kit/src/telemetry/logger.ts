import { context, trace } from '@opentelemetry/api';
import { type Logger, pino } from 'pino';
import { createLogDestination } from './log-destination.ts';

export type { Logger };

/** The values of LOG_LEVEL. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const requested = process.env.LOG_LEVEL;

/**
 * JSON lines on stdout, with the trace_id and span_id of the active span. An invalid LOG_LEVEL counts as info here; loadConfig
 * refuses it.
 */
export const logger: Logger = pino(
  {
    level: LOG_LEVELS.find((level) => level === requested) ?? 'info',
    base: { service: process.env.OTEL_SERVICE_NAME ?? 'standing-order' },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin() {
      const span = trace.getSpanContext(context.active());
      return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  },
  createLogDestination((lines) =>
    logger.warn({ lines }, 'log lines were dropped: stdout was not read or written in time'),
  ),
);

const EVERY_MS = 1_000;
const MAX_KEYS = 1_000;
const limited = new Map<string, { until: number; suppressed: number }>();

/**
 * Logs a warning at most once a second for each key, with the number of suppressed ones: a store that is down must not fill the
 * disk. Keys come from code, so there are few.
 */
export function warnRateLimited(key: string, fields: object, message: string): void {
  const now = performance.now();
  const state = limited.get(key);
  if (state && now < state.until) {
    state.suppressed++;
    return;
  }
  if (limited.size >= MAX_KEYS) limited.clear();
  limited.set(key, { until: now + EVERY_MS, suppressed: 0 });
  logger.warn({ ...fields, ...(state?.suppressed && { suppressed: state.suppressed }) }, message);
}
