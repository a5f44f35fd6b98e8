import type { Resource } from './resource.ts';

/**
 * How the order service's sidecar asks the validators: two attempts within the 2 s that the order service waits, and none
 * at all for a while once several in a row have failed. An object of its own, for applications only: the state store has
 * no policy. It also replaces Dapr's built-in three retries, a second apart.
 */
export function invocationResiliency(): Resource {
  const policies = { timeout: 'validation', retry: 'validation', circuitBreaker: 'validation' };
  return {
    apiVersion: 'dapr.io/v1alpha1',
    kind: 'Resiliency',
    metadata: { name: 'validations' },
    spec: {
      policies: {
        timeouts: { validation: '900ms' },
        retries: { validation: { policy: 'constant', duration: '100ms', maxRetries: 1 } },
        circuitBreakers: { validation: { maxRequests: 1, timeout: '2s', trip: 'consecutiveFailures >= 5' } },
      },
      targets: { apps: { consumer: policies, restaurant: policies } },
    },
    scopes: ['order'],
  };
}
