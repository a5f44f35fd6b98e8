import type { Resource } from './resource.ts';

/** Settings of every sidecar. `names` is the file in which the sidecars of one platform find each other. */
export function configuration(names: string): Resource {
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Configuration',
    metadata: { name: 'standing-order' },
    spec: {
      // Whether a trace is sampled is decided where it starts; "0" here would cut the traces that pass through.
      tracing: { samplingRate: '1' },
      metric: { http: { increasedCardinality: false } },
      // mDNS would need multicast on a network card.
      nameResolution: { component: 'sqlite', version: 'v1', configuration: { connectionString: names } },
    },
  };
}
