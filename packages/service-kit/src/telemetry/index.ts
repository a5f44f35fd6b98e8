export type { Context, Span } from '@opentelemetry/api';
export { SpanKind } from '@opentelemetry/api';
export type { TraceParent } from '@standing-order/contracts';
export { metricsText, stopTelemetry } from './backend.ts';
export { type Logger, logger, logLevels, warnSometimes } from './logger.ts';
export { DURATION_BOUNDS, meter } from './meter.ts';
export { keys, messageAttributes, topicAttributes } from './semantic.ts';
export {
  contextOf,
  currentTrace,
  detached,
  failSpan,
  inSpan,
  isTraced,
  type RecordedSpan,
  recordSpan,
  type SpanOptions,
  startSpan,
  traceOf,
} from './trace.ts';
