import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { Load, LoadOptions } from '../load/k6.ts';
import type { Kubectl } from './kubectl.ts';

const MINUTE_MS = 60_000;
const NAME = 'standing-order-lab';
const LOADTEST = join(import.meta.dirname, '../..');
/** The modules of the k6 script, relative to the folder loadtest. */
const MODULES = [
  ...['answers', 'log', 'scenario'].map((name) => `lab/load/${name}.ts`),
  ...['log', 'outcome', 'request-number'].map((name) => `scenarios/lib/${name}.ts`),
];

export interface LoadPodOptions extends Omit<LoadOptions, 'signal' | 'clientUrl'> {
  readonly image: string;
}

/** Runs k6 in a pod, so that kube-proxy balances its requests, and writes its log to a file. */
export async function startLoadPod(kubectl: Kubectl, options: LoadPodOptions): Promise<Load> {
  const { logFile } = options;
  await kubectl.run(['delete', 'pod', NAME, '--ignore-not-found', '--grace-period=0', '--force']);
  const objects = join(dirname(logFile), 'load-pod.json');
  await mkdir(dirname(logFile), { recursive: true });
  await writeFile(
    objects,
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [await configMap(), pod(options)] }),
  );
  await kubectl.run(['apply', '--filename', objects]);
  await kubectl.run(['wait', 'pod', NAME, '--for=jsonpath={.status.phase}=Running', '--timeout=60s'], {
    deadlineMs: 2 * MINUTE_MS,
  });
  const lines: string[] = [];
  const first = Promise.withResolvers<number>();
  const onLine = (line: string) => {
    if (!line.startsWith('{"type":')) return;
    if (lines.push(line) === 1) first.resolve((JSON.parse(line) as { at: number }).at);
  };
  const deadlineMs = 1_000 * options.seconds + 2 * MINUTE_MS;
  const ended = kubectl.run(['logs', '--follow', NAME], { deadlineMs, onLine }).then(async () => {
    if (lines.length === 0) throw new Error('k6 sent no order');
    await writeFile(logFile, lines.join('\n'));
    return lines.join('\n');
  });
  ended.catch(first.reject);
  return { startedAt: await first.promise, ended };
}

/** A key of a ConfigMap must not contain a slash. */
const keyOf = (path: string): string => path.replaceAll('/', '.');

async function configMap(): Promise<object> {
  const contents = await Promise.all(MODULES.map((path) => readFile(join(LOADTEST, path), 'utf8')));
  const data = Object.fromEntries(MODULES.map((path, index) => [keyOf(path), contents[index]]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME }, data };
}

function pod({ image, run, rate, seconds, orderUrls }: LoadPodOptions): object {
  const variables = {
    RUN: run,
    RATE: rate,
    SECONDS: seconds,
    ORDER_URLS: orderUrls.join(','),
    K6_NO_USAGE_REPORT: true,
  };
  const flags = ['--quiet', '--include-system-env-vars', '--summary-mode', 'disabled', '--log-format', 'raw'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [
        {
          name: 'k6',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['k6', 'run', ...flags, posix.join('/loadtest', 'lab/load/scenario.ts')],
          env: Object.entries(variables).map(([name, value]) => ({ name, value: String(value) })),
          volumeMounts: [{ name: 'scripts', mountPath: '/loadtest' }],
        },
      ],
      volumes: [
        { name: 'scripts', configMap: { name: NAME, items: MODULES.map((path) => ({ key: keyOf(path), path })) } },
      ],
    },
  };
}
