/**
 * Starts OpenTelemetry. A service's main.ts imports it first, so that the global providers are registered when the first tracer is
 * used. No loader hook is needed: undici is instrumented through diagnostics_channel.
 */
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { AggregationTemporality, InstrumentType } from '@opentelemetry/sdk-metrics';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, NoopSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { setBackend } from './backend.ts';
import { warnRateLimited } from './logger.ts';

const warn = (message: string, ...details: unknown[]): void =>
  warnRateLimited(`opentelemetry ${message}`, { details: details.map(String) }, `opentelemetry: ${message}`);
const ignore = (): void => undefined;
diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);

// Thousands of spans a second exceed the defaults (2,048 queued, sent every 5 s). The queue stays bounded; further spans are dropped.
process.env.OTEL_BSP_MAX_QUEUE_SIZE ||= '32768';
process.env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ||= '2048';
process.env.OTEL_BSP_SCHEDULE_DELAY ||= '1000';
// Resource attributes without the names of the host and its user, and without the command line.
process.env.OTEL_NODE_RESOURCE_DETECTORS ||= 'env,serviceinstance';

const exporting = Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT || process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);

/**
 * Without an endpoint no span is recorded. Every request still has a trace id, and the trace context of the caller is propagated,
 * so that logs, orders and messages can be correlated.
 */
const propagateOnly: Partial<NodeSDKConfiguration> = {
  spanProcessors: [new NoopSpanProcessor()],
  sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
};

/** Exports an observable gauge without the series that it no longer observes. The cumulative default keeps their last value. */
class CurrentValueExporter extends PrometheusExporter {
  override selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    return type === InstrumentType.OBSERVABLE_GAUGE
      ? AggregationTemporality.DELTA
      : super.selectAggregationTemporality(type);
  }
}

const prometheus = new CurrentValueExporter({ preventServerStart: true });
const serializer = new PrometheusSerializer('', false, undefined, false, true);

const sdk = new NodeSDK({
  ...(exporting ? {} : propagateOnly),
  metricReaders: [prometheus],
  logRecordProcessors: [],
  instrumentations: [new UndiciInstrumentation({ requireParentforSpans: true })],
});
sdk.start();

async function collectText(): Promise<string> {
  const { resourceMetrics, errors } = await prometheus.collect();
  for (const error of errors) warn('collecting a metric failed', error);
  return serializer.serialize(resourceMetrics);
}

let collecting: Promise<string> | undefined;

setBackend({
  /** Concurrent scrapes share one collection: the first to end takes the observations of all gauges. */
  metricsText() {
    collecting ??= collectText().finally(() => {
      collecting = undefined;
    });
    return collecting;
  },
  stop: () => sdk.shutdown(),
});
