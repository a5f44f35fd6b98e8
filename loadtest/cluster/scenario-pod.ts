import { setTimeout as pause } from 'node:timers/promises';
import { type K6Pod, k6PodObjects } from './k6-pod.ts';
import type { Kubectl } from './kubectl.ts';

const START_MS = 60_000;
const POLL_MS = 500;
const LIBRARIES = ['log', 'outcome', 'phases', 'request-number', 'rules', 'scenario', 'settings', 'summary', 'target'];

/** The modules that each script in the folder scenarios imports. */
export const SCENARIO_MODULES = LIBRARIES.map((name) => `scenarios/lib/${name}.ts`);

/** The variables with which a scenario loads the services of a release by their names. Its summary is the last line of its log. */
export function scenarioVariables(release: string, namespace: string): Record<string, string> {
  const hosts = ['order', 'consumer', 'restaurant'].map((service) => `${release}-${service}.${namespace}.svc`);
  return {
    SUMMARY_FILE: 'stderr',
    ALLOW_HOST: hosts.join(','),
    ORDER_URL: `http://${hosts[0]}`,
    CONSUMER_URL: `http://${hosts[1]}`,
    RESTAURANT_URL: `http://${hosts[2]}`,
  };
}

/** Starts k6 in a pod, instead of an earlier pod with this name, and resolves when it runs or has ended. */
export async function startK6Pod(kubectl: Kubectl, pod: K6Pod): Promise<void> {
  await removeK6Pod(kubectl, pod.name);
  await applyK6Pod(kubectl, pod);
}

/** Creates a pod with k6, and resolves when it runs or has ended. */
export async function applyK6Pod(kubectl: Pick<Kubectl, 'apply' | 'get'>, pod: K6Pod): Promise<void> {
  await kubectl.apply(...(await k6PodObjects(pod)));
  const end = performance.now() + START_MS;
  for (;;) {
    const { phase, containerStatuses = [] } = (await kubectl.get('pod', pod.name)).status;
    if (phase !== 'Pending') return;
    if (performance.now() > end) {
      const { reason, message } = containerStatuses[0]?.state?.waiting ?? {};
      throw new Error(
        `the pod ${pod.name} does not start (image ${pod.image}): ${message ?? reason ?? 'not scheduled'}`,
      );
    }
    await pause(POLL_MS);
  }
}

/** Deletes the pod and its script, also while it runs. */
export async function removeK6Pod(kubectl: Pick<Kubectl, 'run'>, name: string): Promise<void> {
  const now = ['--ignore-not-found', '--grace-period=0', '--force'];
  await kubectl.run(['delete', `pod/${name}`, `configmap/${name}`, ...now]);
}
