import type { Resource } from './resource.ts';

/**
 * Settings of every sidecar. `names` is the file in which the sidecars of one platform find each other, `otlpEndpoint` the
 * URL of the collector that the services send their spans to, if they do: without the sidecars' own, a call from one
 * service to another falls apart into two halves.
 */
export function configuration(names: string, otlpEndpoint?: string): Resource {
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Configuration',
    metadata: { name: 'standing-order' },
    spec: {
      // Whether a trace is recorded is decided where it starts, and never by a sidecar: at "1" every look of a relay would be
      // a trace of its own. Nor "0", which would cut the traces that pass through.
      tracing: { samplingRate: '0.000000001', ...(otlpEndpoint && { otel: collector(new URL(otlpEndpoint)) }) },
      metric: { http: { increasedCardinality: false } },
      // mDNS would need multicast on a network card.
      nameResolution: { component: 'sqlite', version: 'v1', configuration: { connectionString: names } },
    },
  };
}

const collector = ({ host, protocol }: URL) => ({
  endpointAddress: host,
  isSecure: protocol === 'https:',
  protocol: 'http',
});
