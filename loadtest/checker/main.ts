import { parseArgs } from 'node:util';
import { givenPath } from '@standing-order/tools/flags';
import { check, formatVerdict } from './check.ts';
import { readLogs } from './log.ts';
import { isClean } from './verdict.ts';

const help = `Compares what a load run was told with what the state store holds, read by the store's own client.

  npm run checker -- --store URL [--wait SECONDS] [--json] LOG...

  --store URL      redis://[:PASSWORD@]HOST:PORT or postgresql://USER:PASSWORD@HOST:PORT/DATABASE
  --wait SECONDS   how long orders may still be on their way, 0 to 3600; default 60
  --json           print the verdict as JSON
  --help           print this
  LOG              logs of load runs, as npm run load writes them

Exit code: 0 nothing lost, doubled, stuck, wrong or unexpected; 1 something is, or nothing was acknowledged; 2 wrong arguments.`;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        store: { type: 'string' },
        wait: { type: 'string', default: '60' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
    const faults: string[] = [];
    const wait = Number(values.wait);
    if (!(wait >= 0 && wait <= 3_600)) faults.push(`--wait: "${values.wait}" is not from 0 to 3600`);
    if (!/^(rediss?|postgres(ql)?):\/\/./.test(values.store ?? ''))
      faults.push('--store: a redis:// or postgresql:// URL is needed');
    if (positionals.length === 0) faults.push('LOG: the log of a load run is needed');
    if (faults.length > 0 && !values.help) throw new Error(faults.join('\n'));
    return { ...values, storeUrl: values.store ?? '', waitMs: wait * 1_000, logs: positionals.map(givenPath) };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee --help.`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  const { help: asked, json, storeUrl, waitMs, logs } = readArguments();
  if (asked) {
    console.log(help);
    return 0;
  }
  const verdict = await check({ requests: await readLogs(logs), storeUrl, waitMs });
  console.log(json ? JSON.stringify(verdict, undefined, 2) : formatVerdict(verdict).join('\n'));
  return isClean(verdict) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
