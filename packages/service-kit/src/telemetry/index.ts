export type { Context, Span } from '@opentelemetry/api';
export { SpanKind } from '@opentelemetry/api';
export type { TraceParent } from '@standing-order/contracts';
export { metricsText, stopTelemetry } from './backend.ts';
export { LOG_LEVELS, type Logger, logger, warnRateLimited } from './logger.ts';
export { countFromZero, DURATION_BOUNDS, meter } from './meter.ts';
export { ATTRIBUTE_KEYS, messageAttributes, topicAttributes } from './semantic.ts';
export {
  contextOf,
  currentTrace,
  failSpan,
  inSpan,
  isTraced,
  type RecordedSpan,
  recordSpan,
  runDetached,
  type SpanOptions,
  startSpan,
  traceOf,
} from './trace.ts';
