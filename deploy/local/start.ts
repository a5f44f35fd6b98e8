import { join } from 'node:path';
import { HTTP_STYLES } from '@standing-order/contracts';
import { runCommand } from '@standing-order/tools/cli';
import { stopOnSignal } from '../tools/src/bootstrap/interrupt.mjs';
import { demonstrate } from './src/cli/demonstration.ts';
import { createStartCommand } from './src/cli/start-command.ts';
import { DEMO_ORDER, type DemoUrls } from './src/demo.ts';
import { DEFAULT_DATA_DIR, type PlatformOptions } from './src/options.ts';
import { type Platform, startPlatform } from './src/platform.ts';
import { reasonOf } from './src/wait.ts';

await runCommand(createStartCommand(main));

async function main(options: PlatformOptions, once: boolean): Promise<void> {
  const stop = stopOnSignal();
  let platform: Platform | undefined;
  try {
    const began = performance.now();
    platform = await startPlatform({ ...options, signal: stop, onProgress: (line) => console.log(`  ${line}`) });
    console.log(`Everything is ready after ${((performance.now() - began) / 1000).toFixed(1)} s.\n`);
    const { processes } = platform;
    const validated = await demonstrate({ urls: firstUrls(platform), signal: stop, print: console.log, processes });
    if (once) process.exitCode = validated ? 0 : 1;
    else {
      console.log(usageText(platform, options.env?.order?.ORDER_STYLE));
      await aborted(stop);
    }
  } catch (error) {
    if (!stop.aborted) {
      console.error(reasonOf(error));
      process.exitCode = 1;
    }
  } finally {
    if (platform) console.log('Stopping ...');
    await platform?.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function firstUrls({ urls }: Platform): DemoUrls {
  const [order = '', consumer = '', restaurant = ''] = [urls.order[0], urls.consumer[0], urls.restaurant[0]];
  return { order, consumer, restaurant };
}

function usageText(platform: Platform, style = 'respond-first'): string {
  const other = HTTP_STYLES.find((known) => known !== style);
  const services = Object.entries(platform.urls)
    .filter(([, urls]) => urls.length > 0)
    .map(([name, urls]) => `  ${name.padEnd(12)} ${urls.join('  ')}`);
  const dataDir = platform.dataDir === DEFAULT_DATA_DIR ? '' : ` --data-dir ${platform.dataDir}`;
  return `${services.join('\n')}
  ${'logs'.padEnd(12)} ${join(platform.dataDir, 'logs')}

Each service shows its API at /docs. Authentication is off: any caller has full access. To require bearer tokens, start with
--env AUTH_ISSUER=URL --env AUTH_AUDIENCE=NAME.

Place an order; to use another style than ${style}, add -H 'order-style: ${other}':
  curl -i ${firstUrls(platform).order}/orders -H 'content-type: application/json' \\
    -d '${JSON.stringify(DEMO_ORDER)}'
Control the processes from a second terminal:
  npm run processes -- list${dataDir}
  npm run processes -- kill consumer-1${dataDir}

Ctrl-C stops everything. The data remains.`;
}
