import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster, KubernetesObject } from './cluster.ts';
import { RELEASE } from './release.ts';

const SCENARIOS_FOLDER = dirname(fileURLToPath(import.meta.resolve('@standing-order/loadtest/scenarios/smoke.ts')));
const CONFIG_MAP = 'load-scenarios';
const SCENARIOS = ['smoke.ts', 'load.ts'];
const LIBRARIES = ['log', 'outcome', 'phases', 'request-number', 'rules', 'scenario', 'settings', 'summary', 'target'];
const PATHS = [...SCENARIOS, ...LIBRARIES.map((name) => `lib/${name}.ts`)];

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
  await cluster.apply(await scriptsConfigMap(), loadPod(cluster, run));
  const isRunning = async () => ((await cluster.get('pod', run.name)).status.phase === 'Pending' ? undefined : true);
  await cluster.waitFor(`${run.name} runs`, isRunning, 60_000);
}

async function scriptsConfigMap(): Promise<KubernetesObject> {
  const contents = await Promise.all(PATHS.map((path) => readFile(join(SCENARIOS_FOLDER, path), 'utf8')));
  const data = Object.fromEntries(PATHS.map((path, index) => [keyOf(path), contents[index]]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: CONFIG_MAP }, data };
}

/** A key of a ConfigMap must not contain a slash. */
const keyOf = (path: string): string => path.replace('/', '.');

function loadPod({ namespace }: Cluster, { name, image, scenario, variables }: LoadRun): KubernetesObject {
  const hosts = ['order', 'consumer', 'restaurant'].map((service) => `${RELEASE}-${service}.${namespace}.svc`);
  const environment = {
    K6_NO_USAGE_REPORT: 'true',
    SUMMARY_FILE: 'stderr',
    ALLOW_HOST: hosts.join(','),
    ORDER_URL: `http://${hosts[0]}`,
    CONSUMER_URL: `http://${hosts[1]}`,
    RESTAURANT_URL: `http://${hosts[2]}`,
    ...variables,
  };
  const flags = [
    '--quiet',
    '--include-system-env-vars',
    '--log-format',
    'raw',
    '--address',
    `127.0.0.1:${CONTROL_PORT}`,
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'k6',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['k6', 'run', ...flags, `/scenarios/${scenario}.ts`],
          env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value: String(value) })),
          volumeMounts: [{ name: 'scenarios', mountPath: '/scenarios' }],
        },
      ],
      volumes: [
        {
          name: 'scenarios',
          configMap: { name: CONFIG_MAP, items: PATHS.map((path) => ({ key: keyOf(path), path })) },
        },
      ],
    },
  };
}
