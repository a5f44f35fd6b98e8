/** One Dapr resource, as in a YAML document. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: 'Component' | 'Subscription' | 'Resiliency' | 'Configuration';
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly scopes?: readonly string[];
}

/** A component that a sidecar goes on without, and tries again, while what stands behind it is down. */
export function component(name: string, type: string, version: string, settings: Record<string, string>): Resource {
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Component',
    metadata: { name },
    spec: {
      type,
      version,
      // A sidecar that starts while the broker is down still serves the state store, and the other way round. It tries a
      // component that failed again every minute, and as soon as a file beside it changes.
      ignoreErrors: true,
      initTimeout: '10s',
      metadata: Object.entries(settings).map(([setting, value]) => ({ name: setting, value })),
    },
  };
}
