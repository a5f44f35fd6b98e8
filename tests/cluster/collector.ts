import { type Span, spansOf } from '../support/otlp.ts';
import type { Cluster } from './cluster.ts';
import { startStandIn, urlOf } from './stand-in.ts';

const collector = { name: 'collector', port: 4318, program: 'collector.mjs' };

/** For the chart's value `telemetry.otlpEndpoint`. */
export const collectorUrl = (cluster: Cluster): string => urlOf(cluster, collector);

/** Starts a stand-in for a collector and waits until it is ready. */
export const startCollector = (cluster: Cluster, image: string): Promise<void> =>
  startStandIn(cluster, { ...collector, image });

/** The spans of one trace that it has received so far, of services and of sidecars. */
export async function received(cluster: Cluster, traceId: string): Promise<Span[]> {
  const requests = (await cluster.kubectl(['logs', collector.name])).split('\n').filter(Boolean);
  return requests.flatMap((line) => spansOf(Buffer.from(line, 'base64'))).filter((span) => span.traceId === traceId);
}
