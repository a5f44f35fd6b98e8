import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from './kubectl.ts';

const LOADTEST = join(import.meta.dirname, '..');
const FLAGS = ['--quiet', '--include-system-env-vars', '--log-format', 'raw'];

/** A run of k6 in a pod. */
export interface K6Pod {
  /** Name of the pod, and of the ConfigMap with the script. */
  readonly name: string;
  readonly image: string;
  /** The script, relative to the folder loadtest. */
  readonly script: string;
  /** The modules that it imports, relative to the folder loadtest. */
  readonly modules: readonly string[];
  readonly flags: readonly string[];
  readonly variables: Readonly<Record<string, string | number>>;
  /** Selects the node; default: the scheduler's choice. */
  readonly affinity?: KubernetesObject;
}

/** The objects of a pod that runs k6. Like other pods, it uses the names of the services. */
export async function k6PodObjects(pod: K6Pod): Promise<readonly KubernetesObject[]> {
  const { name, image, script, modules, flags, variables, affinity } = pod;
  const paths = [script, ...modules];
  const contents = await Promise.all(paths.map((path) => readFile(join(LOADTEST, path), 'utf8')));
  const environment = { K6_NO_USAGE_REPORT: 'true', ...variables };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: Object.fromEntries(paths.map((path, index) => [keyOf(path), contents[index]])),
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy: 'Never',
        ...(affinity && { affinity }),
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 5,
        containers: [
          {
            name: 'k6',
            image,
            imagePullPolicy: 'IfNotPresent',
            command: ['k6', 'run', ...FLAGS, ...flags, `/loadtest/${script}`],
            env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value: String(value) })),
            volumeMounts: [{ name: 'scripts', mountPath: '/loadtest' }],
          },
        ],
        volumes: [{ name: 'scripts', configMap: { name, items: paths.map((path) => ({ key: keyOf(path), path })) } }],
      },
    },
  ];
}

/** A key of a ConfigMap must not contain a slash. */
const keyOf = (path: string): string => path.replaceAll('/', '.');
