/**
 * Starts OpenTelemetry. A service's main.ts imports it before anything else, so that the global providers are there when
 * the first tracer is used. No loader hook is needed: undici is observed through diagnostics_channel.
 */
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { AlwaysOffSampler, NoopSpanProcessor, ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { useBackend } from './backend.ts';
import { warnRateLimited } from './logger.ts';

const warn = (message: string, ...details: unknown[]): void =>
  warnRateLimited(`opentelemetry ${message}`, { details: details.map(String) }, `opentelemetry: ${message}`);
const nothing = (): void => undefined;
diag.setLogger({ error: warn, warn, info: nothing, debug: nothing, verbose: nothing }, DiagLogLevel.WARN);

// Thousands of spans a second outrun the defaults (2,048 queued, sent every 5 s). Still bounded: what is more is dropped.
process.env.OTEL_BSP_MAX_QUEUE_SIZE ||= '32768';
process.env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ||= '2048';
process.env.OTEL_BSP_SCHEDULE_DELAY ||= '1000';
// Names of the host, its user and the command line are nobody's business.
process.env.OTEL_NODE_RESOURCE_DETECTORS ||= 'env,serviceinstance';

const exporting = Boolean(process.env.OTEL_EXPORTER_OTLP_ENDPOINT || process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);

/**
 * Without an endpoint nothing is recorded, yet every request still gets a trace id and what the caller sent is passed on,
 * so that logs, orders and messages can be told together.
 */
const passOnOnly: Partial<NodeSDKConfiguration> = {
  spanProcessors: [new NoopSpanProcessor()],
  sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }),
};

const prometheus = new PrometheusExporter({ preventServerStart: true });
const serializer = new PrometheusSerializer('', false, undefined, false, true);

const sdk = new NodeSDK({
  ...(exporting ? {} : passOnOnly),
  metricReaders: [prometheus],
  logRecordProcessors: [],
  instrumentations: [new UndiciInstrumentation({ requireParentforSpans: true })],
});
sdk.start();

useBackend({
  async metricsText() {
    const { resourceMetrics, errors } = await prometheus.collect();
    for (const error of errors) warn('a metric could not be read', error);
    return serializer.serialize(resourceMetrics);
  },
  stop: () => sdk.shutdown(),
});
