import { createCommand, createIntegerOption, givenPath, runCommand, UsageError } from '@standing-order/tools/cli';
import { check, formatResult } from './check.ts';
import { isClean } from './judge.ts';
import { readLogs } from './log.ts';

interface Flags {
  readonly store: string;
  readonly wait: number;
  readonly retention?: number;
  readonly json?: boolean;
}

async function run(logs: readonly string[], { store, wait, retention, json }: Flags): Promise<void> {
  const requests = await readLogs(logs.map(givenPath));
  const onUnreadable = (reason: string) =>
    console.error(`The state store at ${new URL(store).host} cannot be read (${reason}); trying again for ${wait} s`);
  const retentionMs = retention === undefined ? {} : { retentionMs: retention * 1_000 };
  const result = await check({ requests, storeUrl: store, waitMs: wait * 1_000, ...retentionMs, onUnreadable });
  console.log(json ? JSON.stringify(result, undefined, 2) : formatResult(result).join('\n'));
  if (!isClean(result)) process.exitCode = 1;
}

function parseStoreUrl(url: string): string {
  if (/^(rediss?|postgres(ql)?):\/\/./.test(url)) return url;
  throw new UsageError('--store must be a redis:// or postgresql:// URL');
}

const command = createCommand(
  'checker',
  "Compares the log of a load run with the orders in the state store, read by the store's own client.",
)
  .argument('<log...>', 'logs of load runs, as npm run load -- SCENARIO --log writes them')
  .requiredOption(
    '--store <url>',
    'redis://[:PASSWORD@]HOST:PORT or postgresql://USER:PASSWORD@HOST:PORT/DATABASE',
    parseStoreUrl,
  )
  .addOption(
    createIntegerOption('--wait <seconds>', 'time in which orders may still be decided and notified', {
      min: 0,
      max: 3_600,
    }).default(60),
  )
  .addOption(
    createIntegerOption('--retention <seconds>', 'ORDER_RETENTION: an acknowledged order that is older may be gone', {
      min: 1,
      max: 3_155_760_000,
    }),
  )
  .option('--json', 'print the result as JSON')
  .addHelpText('after', '\nExit codes: 0 no fault, 1 a fault or no acknowledged order, 2 wrong arguments.')
  .action(run);

await runCommand(command);
