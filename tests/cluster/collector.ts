import { type Span, spansOf } from '../support/otlp.ts';
import type { Cluster } from './cluster.ts';
import { standInUrl, startStandIn } from './stand-in.ts';

const COLLECTOR = { name: 'collector', port: 4318, program: 'collector.mjs' };

/** For the chart's value `telemetry.otlpEndpoint`. */
export const collectorUrl = (cluster: Cluster): string => standInUrl(cluster, COLLECTOR);

/** Starts a stand-in for an OTLP collector and waits until it is ready. */
export const startCollector = (cluster: Cluster, image: string): Promise<void> =>
  startStandIn(cluster, { ...COLLECTOR, image });

/** The spans of one trace that the collector has received so far, from services and from sidecars. */
export async function readSpans(cluster: Cluster, traceId: string): Promise<Span[]> {
  const requests = (await cluster.kubectl(['logs', COLLECTOR.name])).split('\n').filter(Boolean);
  return requests.flatMap((line) => spansOf(Buffer.from(line, 'base64'))).filter((span) => span.traceId === traceId);
}
