/** Selects the Deployment of the sidecar injector. The rest of Dapr's control plane is in the same namespace. */
export const INJECTOR = 'app=dapr-sidecar-injector';
/** From this version on, Kubernetes stops the sidecars after their application, as the chart requires. */
const MIN_VERSION = '1.18';

/** Dapr's control plane in a cluster. */
export interface ControlPlane {
  readonly namespace: string;
  readonly version: string;
}

interface Injector {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
}

/**
 * Reads namespace and version from the Deployment of the injector.
 *
 * @throws an Error with instructions if there is no Dapr, or if its version is too old
 */
export function controlPlaneOf([injector]: readonly Injector[]): ControlPlane {
  const required = `${MIN_VERSION} or newer (https://docs.dapr.io/operations/hosting/kubernetes)`;
  if (injector === undefined) throw new Error(`the cluster has no Dapr: install ${required}`);
  const { namespace, labels } = injector.metadata;
  const version = labels?.['app.kubernetes.io/version'] ?? '';
  // A build of Dapr may have any version name, such as "edge". Only a number can be too low.
  const numbers = /^v?(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  const [major = 0, minor = 0] = MIN_VERSION.split('.').map(Number);
  const isOlder = numbers !== undefined && ((numbers[0] ?? 0) - major || (numbers[1] ?? 0) - minor) < 0;
  if (isOlder) throw new Error(`Dapr in ${namespace} is ${version}: install ${required}`);
  return { namespace, version: version || 'of an unknown version' };
}
