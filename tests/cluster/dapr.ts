/** What selects the Deployment of the injector of sidecars, which the rest of Dapr's control plane is beside. */
export const INJECTOR = 'app=dapr-sidecar-injector';
/** The first one whose sidecars Kubernetes stops after their application, as the chart has it. */
const NEEDED = '1.18';

/** Dapr's control plane as it is in a cluster. */
export interface Dapr {
  readonly namespace: string;
  readonly version: string;
}

interface Injector {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
}

/**
 * Dapr, by the Deployments of its injector.
 *
 * @throws an Error that says what to do when there is none, or one that is too old
 */
export function daprOf([injector]: readonly Injector[]): Dapr {
  const needed = `${NEEDED} or newer (https://docs.dapr.io/operations/hosting/kubernetes)`;
  if (injector === undefined) throw new Error(`the cluster has no Dapr: install ${needed}`);
  const { namespace, labels } = injector.metadata;
  const version = labels?.['app.kubernetes.io/version'] ?? '';
  // Who builds Dapr may give it any name; only a number can be too low.
  const numbers = /^v?(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [major = 0, minor = 0] = NEEDED.split('.').map(Number);
  const isOlder = numbers !== undefined && ((numbers[0] ?? 0) - major || (numbers[1] ?? 0) - minor) < 0;
  if (isOlder) throw new Error(`Dapr in ${namespace} is ${version}: install ${needed}`);
  return { namespace, version: version || 'of an unknown version' };
}
