import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Kubectl } from '../../cluster/kubectl.ts';
import { startK6Pod } from '../../cluster/scenario-pod.ts';
import type { Load, LoadOptions } from '../load/k6.ts';

const MINUTE_MS = 60_000;
/** The name of the pod and of its ConfigMap. */
export const LOAD_POD = 'standing-order-lab';
const MODULES = [
  ...['answers', 'log'].map((name) => `lab/load/${name}.ts`),
  ...['log', 'outcome', 'request-number'].map((name) => `scenarios/lib/${name}.ts`),
];

export interface LoadPodOptions extends Omit<LoadOptions, 'signal' | 'clientUrl'> {
  readonly image: string;
  readonly release: string;
}

/** Runs k6 in a pod, so that kube-proxy balances its requests, and writes its log to a file. */
export async function startLoadPod(kubectl: Kubectl, options: LoadPodOptions): Promise<Load> {
  const { logFile, image, release, run, rate, seconds, orderUrls } = options;
  await mkdir(dirname(logFile), { recursive: true });
  await startK6Pod(kubectl, {
    name: LOAD_POD,
    image,
    script: 'lab/load/scenario.ts',
    modules: MODULES,
    flags: ['--summary-mode', 'disabled'],
    variables: { RUN: run, RATE: rate, SECONDS: seconds, ORDER_URLS: orderUrls.join(',') },
    affinity: awayFrom(release),
  });
  const lines: string[] = [];
  const first = Promise.withResolvers<number>();
  const onLine = (line: string) => {
    if (!line.startsWith('{"type":')) return;
    if (lines.push(line) === 1) first.resolve((JSON.parse(line) as { at: number }).at);
  };
  const deadlineMs = 1_000 * seconds + 2 * MINUTE_MS;
  const ended = kubectl.run(['logs', '--follow', LOAD_POD], { deadlineMs, onLine }).then(async () => {
    if (lines.length === 0) throw new Error('k6 sent no order');
    await writeFile(logFile, lines.join('\n'));
    return lines.join('\n');
  });
  ended.catch(first.reject);
  return { startedAt: await first.promise, ended };
}

/** Prefers the node with the fewest pods of the release, so that another node can be drained. */
const awayFrom = (release: string) => ({
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: { 'app.kubernetes.io/instance': release } },
        },
      },
    ],
  },
});
