import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster, KubernetesObject } from './cluster.ts';
import { RELEASE } from './release.ts';

const scenarios = dirname(fileURLToPath(import.meta.resolve('@standing-order/loadtest/scenarios/smoke.ts')));
const SCRIPTS = 'load-scenarios';
const files = ['smoke.ts', 'load.ts'];
const libraries = ['log', 'outcome', 'phases', 'request-number', 'rules', 'scenario', 'settings', 'summary', 'target'];
const paths = [...files, ...libraries.map((name) => `lib/${name}.ts`)];

/** Where k6 can be told to stop. */
export const CONTROL_PORT = 6565;

/** A run of k6. */
export interface LoadOrder {
  /** Of its pod. */
  readonly name: string;
  readonly image: string;
  readonly scenario: 'smoke' | 'load';
  readonly variables: Readonly<Record<string, string | number>>;
}

/** Starts a run of k6 in a pod, which reaches the services by their names, as other pods do, and waits until it runs. */
export async function startLoadPod(cluster: Cluster, order: LoadOrder): Promise<void> {
  await cluster.apply(await scripts(), podOf(cluster, order));
  const running = async () => ((await cluster.get('pod', order.name)).status.phase === 'Pending' ? undefined : true);
  await cluster.eventually(`${order.name} runs`, running, 60_000);
}

async function scripts(): Promise<KubernetesObject> {
  const contents = await Promise.all(paths.map((path) => readFile(join(scenarios, path), 'utf8')));
  const data = Object.fromEntries(paths.map((path, index) => [keyOf(path), contents[index]]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: SCRIPTS }, data };
}

/** A key of a ConfigMap has no slash. */
const keyOf = (path: string): string => path.replace('/', '.');

function podOf({ namespace }: Cluster, { name, image, scenario, variables }: LoadOrder): KubernetesObject {
  const hosts = ['order', 'consumer', 'restaurant'].map((service) => `${RELEASE}-${service}.${namespace}.svc`);
  const all = {
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
          env: Object.entries(all).map(([variable, value]) => ({ name: variable, value: String(value) })),
          volumeMounts: [{ name: 'scenarios', mountPath: '/scenarios' }],
        },
      ],
      volumes: [
        { name: 'scenarios', configMap: { name: SCRIPTS, items: paths.map((path) => ({ key: keyOf(path), path })) } },
      ],
    },
  };
}
