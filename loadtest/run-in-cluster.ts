import { writeFile } from 'node:fs/promises';
import { createKubectl, type Kubectl } from './cluster/kubectl.ts';
import { removeK6Pod, SCENARIO_MODULES, scenarioVariables, startK6Pod } from './cluster/scenario-pod.ts';
import type { LoadedRelease, RunOptions } from './run-options.ts';

const POD = 'standing-order-load';
const ENDED_MS = 30_000;
const INTERRUPTED = 130;

/** Runs a scenario in a pod, so that kube-proxy balances its requests. Resolves to the exit code of k6, or to that of an interrupt. */
export async function runInCluster(
  { namespace, release, k6Image }: LoadedRelease,
  { scenario, log, json, variables }: RunOptions,
  deadlineMs: number,
): Promise<{ code: number; interrupted: boolean }> {
  const stop = new AbortController();
  const interrupt = () => stop.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const kubectl = createKubectl({ namespace, signal: stop.signal });
  const requests: string[] = [];
  let summary = '';
  const onLine = (line: string) => {
    if (line.startsWith('{"type":"summary"')) summary = line;
    else if (line.startsWith('{"type":')) requests.push(line);
    else console.log(line);
  };
  try {
    await startK6Pod(kubectl, {
      name: POD,
      image: k6Image,
      script: `scenarios/${scenario}.ts`,
      modules: SCENARIO_MODULES,
      flags: [],
      variables: { ...variables, ...scenarioVariables(release, namespace) },
    });
    await kubectl.run(['logs', '--follow', POD], { deadlineMs, onLine });
    return { code: await exitCodeOf(kubectl), interrupted: false };
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return { code: INTERRUPTED, interrupted: true };
  } finally {
    if (log !== undefined) await writeFile(log, requests.map((line) => `${line}\n`).join(''));
    if (json !== undefined && summary !== '') await writeFile(json, `${summary}\n`);
    // Also after an interrupt.
    await removeK6Pod(createKubectl({ namespace, signal: AbortSignal.timeout(ENDED_MS) }), POD);
  }
}

async function exitCodeOf(kubectl: Kubectl): Promise<number> {
  const ended = `--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}`;
  await kubectl.run(['wait', 'pod', POD, ended, `--timeout=${ENDED_MS / 1_000}s`]);
  return (await kubectl.get('pod', POD)).status.containerStatuses[0].state.terminated.exitCode;
}
