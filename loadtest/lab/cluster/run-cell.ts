import { mkdir, rm } from 'node:fs/promises';
import { createKubectl } from '../../cluster/kubectl.ts';
import { removeK6Pod } from '../../cluster/scenario-pod.ts';
import { withStateStore } from '../../cluster/state-store.ts';
import type { LoadedRelease } from '../../run-options.ts';
import { measureRun, type RunOptions } from '../runs/measure-run.ts';
import type { RunResult } from '../runs/result.ts';
import { createClusterInjector } from './injector.ts';
import { LOAD_POD, startLoadPod } from './load-pod.ts';
import { clusterOf, machineOf } from './nodes.ts';

/** Runs one cell on a release: without messaging, because the chart contains no message client. */
export async function runClusterCell(cluster: LoadedRelease, options: RunOptions): Promise<RunResult> {
  const { plan, folder, keepLogs, signal } = options;
  const { namespace, release, k6Image } = cluster;
  await mkdir(folder, { recursive: true });
  const kubectl = createKubectl({ namespace, signal });
  // An interrupt must not end the commands that undo a fault.
  const uninterrupted = createKubectl({ namespace, signal: new AbortController().signal });
  const service = (name: string) => `service/${release}-${name}`;
  const url = `http://${release}-order.${namespace}.svc`;
  const seconds = plan.before + plan.during + plan.after;
  // Twice the same URL: a client repeats a request once, and kube-proxy selects the pod.
  const load = { rate: plan.rate, seconds, orderUrls: [url, url], image: k6Image, release };
  const measured = kubectl.forward(service('order'), 80, (order) =>
    kubectl.forward(service('consumer'), 80, (consumer) =>
      kubectl.forward(service('restaurant'), 80, (restaurant) => {
        const local = (port: number) => `http://127.0.0.1:${port}`;
        const target = {
          endpoints: { order: [local(order)], consumer: local(consumer), restaurant: local(restaurant) },
          injector: createClusterInjector({ kubectl: uninterrupted, release, loadPod: LOAD_POD, signal }),
          describeMachine: async () => machineOf(await kubectl.get('nodes')),
          startLoad: (run: string, logFile: string) => startLoadPod(kubectl, { ...load, run, logFile }),
          withStore: <T>(use: (storeUrl: string) => Promise<T>) => withStateStore(kubectl, release, use),
        };
        return measureRun(target, options);
      }),
    ),
  );
  const result = await measured.finally(() => removeK6Pod(uninterrupted, LOAD_POD));
  if (result.findings.length === 0 && !keepLogs) await rm(folder, { recursive: true, force: true });
  return { ...result, cluster: clusterOf(await kubectl.get('nodes')) };
}
