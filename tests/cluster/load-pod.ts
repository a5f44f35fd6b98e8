import { k6PodObjects } from '@standing-order/loadtest/cluster/k6-pod';
import type { Cluster } from './cluster.ts';
import { RELEASE } from './release.ts';

const MODULES = [
  'log',
  'outcome',
  'phases',
  'request-number',
  'rules',
  'scenario',
  'settings',
  'summary',
  'target',
].map((name) => `scenarios/lib/${name}.ts`);

/** Port of k6's control API, which can stop a run. */
export const CONTROL_PORT = 6565;

/** A run of k6. */
export interface LoadRun {
  /** Name of its pod. */
  readonly name: string;
  readonly image: string;
  readonly scenario: 'smoke' | 'load';
  readonly variables: Readonly<Record<string, string | number>>;
}

/** Starts k6 in a pod and waits until it runs. Like other pods, it uses the names of the services. */
export async function startLoadPod(cluster: Cluster, run: LoadRun): Promise<void> {
  const { name, image, scenario, variables } = run;
  const script = `scenarios/${scenario}.ts`;
  const flags = ['--address', `127.0.0.1:${CONTROL_PORT}`];
  await cluster.apply(
    ...(await k6PodObjects({
      ...{ name, image, script, modules: MODULES, flags },
      variables: { ...variablesOf(cluster), ...variables },
    })),
  );
  const isRunning = async () => ((await cluster.get('pod', name)).status.phase === 'Pending' ? undefined : true);
  await cluster.waitFor(`${name} runs`, isRunning, 60_000);
}

function variablesOf({ namespace }: Cluster): Record<string, string> {
  const hosts = ['order', 'consumer', 'restaurant'].map((service) => `${RELEASE}-${service}.${namespace}.svc`);
  return {
    SUMMARY_FILE: 'stderr',
    ALLOW_HOST: hosts.join(','),
    ORDER_URL: `http://${hosts[0]}`,
    CONSUMER_URL: `http://${hosts[1]}`,
    RESTAURANT_URL: `http://${hosts[2]}`,
  };
}
