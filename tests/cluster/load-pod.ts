import { applyK6Pod, SCENARIO_MODULES, scenarioVariables } from '@standing-order/loadtest/cluster/scenario-pod';
import type { Cluster } from './cluster.ts';
import { RELEASE } from './release.ts';

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
  await applyK6Pod(cluster, {
    ...{ name, image, script, modules: SCENARIO_MODULES, flags },
    variables: { ...scenarioVariables(RELEASE, cluster.namespace), ...variables },
  });
}
