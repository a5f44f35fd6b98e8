import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { k6PodObjects } from '../../cluster/k6-pod.ts';
import type { Kubectl } from '../../cluster/kubectl.ts';
import type { Load, LoadOptions } from '../load/k6.ts';

const MINUTE_MS = 60_000;
const NAME = 'standing-order-lab';
const MODULES = [
  ...['answers', 'log'].map((name) => `lab/load/${name}.ts`),
  ...['log', 'outcome', 'request-number'].map((name) => `scenarios/lib/${name}.ts`),
];

export interface LoadPodOptions extends Omit<LoadOptions, 'signal' | 'clientUrl'> {
  readonly image: string;
}

/** Runs k6 in a pod, so that kube-proxy balances its requests, and writes its log to a file. */
export async function startLoadPod(kubectl: Kubectl, options: LoadPodOptions): Promise<Load> {
  const { logFile, image, run, rate, seconds, orderUrls } = options;
  await mkdir(dirname(logFile), { recursive: true });
  await kubectl.run(['delete', 'pod', NAME, '--ignore-not-found', '--grace-period=0', '--force']);
  await kubectl.apply(
    ...(await k6PodObjects({
      name: NAME,
      image,
      script: 'lab/load/scenario.ts',
      modules: MODULES,
      flags: ['--summary-mode', 'disabled'],
      variables: { RUN: run, RATE: rate, SECONDS: seconds, ORDER_URLS: orderUrls.join(',') },
    })),
  );
  await kubectl.run(['wait', 'pod', NAME, '--for=jsonpath={.status.phase}=Running', '--timeout=60s'], {
    deadlineMs: 2 * MINUTE_MS,
  });
  const lines: string[] = [];
  const first = Promise.withResolvers<number>();
  const onLine = (line: string) => {
    if (!line.startsWith('{"type":')) return;
    if (lines.push(line) === 1) first.resolve((JSON.parse(line) as { at: number }).at);
  };
  const deadlineMs = 1_000 * seconds + 2 * MINUTE_MS;
  const ended = kubectl.run(['logs', '--follow', NAME], { deadlineMs, onLine }).then(async () => {
    if (lines.length === 0) throw new Error('k6 sent no order');
    await writeFile(logFile, lines.join('\n'));
    return lines.join('\n');
  });
  ended.catch(first.reject);
  return { startedAt: await first.promise, ended };
}
