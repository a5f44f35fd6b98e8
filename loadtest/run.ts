import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveTool } from '@standing-order/tools';
import { runCommand, UsageError } from '@standing-order/tools/cli';
import { runAttached } from '../deploy/tools/src/bootstrap/attached.mjs';
import { localPortFault } from './local-port.ts';
import { runInCluster } from './run-in-cluster.ts';
import { createLoadCommand, type RunOptions } from './run-options.ts';
import { readSettings } from './scenarios/lib/settings.ts';

const DEADLINE_MS = 3 * 60 * 60_000;
/** Exit code of k6 when a threshold is crossed. */
const THRESHOLDS_CROSSED = 99;

async function run(options: RunOptions): Promise<void> {
  const { log, cluster } = options;
  // k6 appends, and the orders of an earlier run may no longer be in the store.
  if (log !== undefined)
    await writeFile(log, '').catch((error: Error) => {
      throw new UsageError(`--log: ${error.message}`);
    });
  const { code, interrupted } =
    cluster === undefined ? await runHere(options) : await runInCluster(cluster, options, DEADLINE_MS);
  if (code === THRESHOLDS_CROSSED) console.error('FAILED: availability is below its goal (k6 thresholds crossed)');
  if (code !== 0) process.exitCode = interrupted ? 130 : 1;
}

async function runHere({ scenario, log, json, variables }: RunOptions) {
  const { orderUrl, consumerUrl, restaurantUrl } = readSettings({ ...process.env, ...variables }, {});
  const faults = await Promise.all([
    localPortFault('order', orderUrl),
    localPortFault('consumer', consumerUrl),
    localPortFault('restaurant', restaurantUrl),
  ]);
  if (faults.some((fault) => fault !== undefined)) throw new Error(faults.filter(Boolean).join('\n'));

  const env = { ...process.env, K6_NO_USAGE_REPORT: 'true', ...variables, ...(json && { SUMMARY_FILE: json }) };
  const script = join(import.meta.dirname, 'scenarios', `${scenario}.ts`);
  const output = ['--console-output', log ?? '/dev/null', '--log-format', 'raw'];
  const args = ['run', '--include-system-env-vars', ...output, script];
  return runAttached(await resolveTool('k6'), args, { env, deadlineMs: DEADLINE_MS });
}

await runCommand(createLoadCommand(run));
