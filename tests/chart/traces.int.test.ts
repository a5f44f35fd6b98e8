// @module-tag helm
import { expect, test } from 'vitest';
import { ofKind, one, render } from './helm.ts';

/** The environment variables of a sidecar besides those of Dapr, as NAME=VALUE. */
const sidecarVariables = ({ annotations }: { annotations: Readonly<Record<string, string>> }): string[] =>
  (annotations['dapr.io/env'] ?? '').split(',');

test('the path and the headers of a collector reach sidecars and applications', async () => {
  const otlpEndpoint = 'https://collector.watch:4318/tenant';
  const objects = await render({ telemetry: { otlpEndpoint, otlpHeadersSecret: 'otlp' } });
  expect(one(objects, 'Configuration', 'so').spec.tracing.otel).toMatchObject({
    endpointAddress: 'collector.watch:4318',
    isSecure: true,
  });
  for (const { spec } of ofKind(objects, 'Deployment')) {
    const { metadata, spec: pod } = spec.template;
    expect(sidecarVariables(metadata)).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${otlpEndpoint}`);
    expect(metadata.annotations).toMatchObject({
      'dapr.io/env-from-secret': 'OTEL_EXPORTER_OTLP_HEADERS=otlp:headers',
    });
    expect(pod.containers[0].env).toEqual(
      expect.arrayContaining([
        { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint },
        { name: 'OTEL_EXPORTER_OTLP_HEADERS', valueFrom: { secretKeyRef: { name: 'otlp', key: 'headers' } } },
      ]),
    );
  }
});

test('a sidecar gets no variables for traces where the collector has neither a path nor headers', async () => {
  for (const otlpEndpoint of ['', 'http://collector.watch:4318', 'http://collector.watch:4318/']) {
    for (const { spec } of ofKind(await render({ telemetry: { otlpEndpoint } }), 'Deployment')) {
      const { metadata } = spec.template;
      expect(sidecarVariables(metadata).filter((variable) => variable.startsWith('OTEL_'))).toEqual([]);
      expect(metadata.annotations).not.toHaveProperty('dapr.io/env-from-secret');
    }
  }
});

test('sidecars and applications export traces to the same collector', async () => {
  const objects = await render({ telemetry: { otlpEndpoint: 'https://collector.watch:4318' } });
  expect(one(objects, 'Configuration', 'so').spec.tracing.otel).toEqual({
    endpointAddress: 'collector.watch:4318',
    isSecure: true,
    protocol: 'http',
  });
  for (const deployment of ofKind(objects, 'Deployment')) {
    expect(deployment.spec.template.spec.containers[0].env).toContainEqual({
      name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      value: 'https://collector.watch:4318',
    });
  }
});
