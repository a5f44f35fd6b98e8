import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveTool } from '@standing-order/tools';
import { runAttached } from '../deploy/tools/src/bootstrap/attached.mjs';
import { HELP, type RunOptions, readRunOptions } from './run-options.ts';

const DEADLINE_MS = 3 * 60 * 60_000;
/** What k6 ends with when a threshold was not reached. */
const THRESHOLDS_CROSSED = 99;

function options(): RunOptions {
  try {
    return readRunOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee --help.`);
    process.exit(2);
  }
}

async function main({ help, scenario, log, json, variables }: RunOptions): Promise<number> {
  if (help) {
    console.log(HELP);
    return 0;
  }
  // k6 only adds to it, and orders of a former run may be gone from the store by now.
  if (log !== undefined) {
    const fault = await writeFile(log, '').catch((error: Error) => error.message);
    if (fault !== undefined) {
      console.error(`--log: ${fault}`);
      return 2;
    }
  }
  const env = { ...process.env, K6_NO_USAGE_REPORT: 'true', ...variables, ...(json && { SUMMARY_FILE: json }) };
  // k6 itself takes what is not kept and what is.
  const output = log === undefined ? '/dev/null' : log;
  const script = join(import.meta.dirname, 'scenarios', `${scenario}.ts`);
  const flags = ['run', '--include-system-env-vars', '--console-output', output, '--log-format', 'raw', script];
  const { code, interrupted } = await runAttached(await resolveTool('k6'), flags, { env, deadlineMs: DEADLINE_MS });
  if (code === 0) return 0;
  if (code === THRESHOLDS_CROSSED) console.error('not all that had to be acknowledged was');
  return interrupted ? 130 : 1;
}

process.exitCode = await main(options());
