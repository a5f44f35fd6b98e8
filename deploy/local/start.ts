import { reasonOf } from '@standing-order/tools';
import { runCommand } from '@standing-order/tools/cli';
import { stopOnSignal } from '../tools/src/bootstrap/interrupt.mjs';
import { demonstrate } from './src/cli/demonstration.ts';
import { createStartCommand } from './src/cli/start-command.ts';
import { usageText } from './src/cli/usage.ts';
import type { DemoUrls } from './src/demo.ts';
import type { PlatformOptions } from './src/options.ts';
import { type Platform, startPlatform } from './src/platform.ts';

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
      console.log(usageText(platform, options.env));
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
