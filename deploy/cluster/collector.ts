import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';

const NAME = 'collector';
const PORT = 4318;

/** A span as the collector prints it. */
export interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
}

/** For the chart's value `telemetry.otlpEndpoint`. */
export const collectorUrl = ({ namespace }: Cluster): string => `http://${NAME}.${namespace}.svc:${PORT}`;

/** Starts a stand-in for a collector, run by the Node of the services' image, and waits until it is ready. */
export async function startCollector(cluster: Cluster, image: string): Promise<void> {
  const program = await readFile(join(import.meta.dirname, 'images', 'collector.mjs'), 'utf8');
  const labels = { app: NAME };
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME }, data: { 'collector.mjs': program } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME },
      spec: { selector: labels, ports: [{ port: PORT }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: NAME, labels },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: NAME,
            image,
            imagePullPolicy: 'IfNotPresent',
            args: ['/collector/collector.mjs'],
            readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
            volumeMounts: [{ name: NAME, mountPath: '/collector' }],
          },
        ],
        volumes: [{ name: NAME, configMap: { name: NAME } }],
      },
    },
  );
  await cluster.kubectl(['wait', '--for=condition=Ready', `pod/${NAME}`, '--timeout=50s']);
}

/** The spans of one trace that it has received so far. */
export async function spansOf(cluster: Cluster, traceId: string): Promise<Span[]> {
  const lines = (await cluster.kubectl(['logs', NAME])).split('\n').filter((line) => line.includes(traceId));
  return lines.map((line) => JSON.parse(line));
}
