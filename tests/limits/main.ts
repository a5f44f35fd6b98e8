import { progress, withDataDir } from '@standing-order/loadtest/measurement';
import { createCommand, createIntegerOption, Option, runCommand } from '@standing-order/tools/cli';
import { measureAbuse } from './abuse.ts';
import { Containment } from './containment.ts';
import { measureMemory } from './memory.ts';
import { abuseReport, memoryReport } from './report.ts';

const FULL_ATTACK = { slowUploads: 1_500, streams: 1_000, halfSent: 200, documentsPerSecond: 170 };

/** Runs the measurement with a folder and memory groups of its own, and removes both. */
async function contained(
  measure: (dataDir: string, containment: Containment, signal: AbortSignal) => Promise<boolean>,
) {
  const containment = new Containment();
  const passed = await withDataDir('limits', (dataDir, signal) =>
    measure(dataDir, containment, signal).finally(() => containment.close()),
  );
  if (!passed) process.exitCode = 1;
}

const command = createCommand(
  'limits',
  'Measures the platform inside the memory limits of its pods, each process in a cgroup of its own. Needs root on Linux.',
);
command
  .command('memory')
  .description(
    'Peak memory while orders are taken that cannot be decided, after a restart, and while they drain among garbage.',
  )
  .addOption(new Option('--broker <kind>', 'message broker').choices(['redis', 'kafka']).default('redis'))
  .addOption(createIntegerOption('--pending <n>', 'orders that wait', { min: 100, max: 1_000_000 }).default(100_000))
  .addOption(createIntegerOption('--garbage-mib <n>', 'garbage on all topics', { min: 0, max: 100_000 }).default(300))
  .addOption(createIntegerOption('--message-kib <n>', 'size of its messages', { min: 1, max: 4_000 }).default(200))
  .action(({ broker, pending, garbageMib, messageKib }) =>
    contained(async (dataDir, containment, signal) => {
      const result = await measureMemory(
        { broker, pending, garbageMib, messageKib, dataDir, signal, onProgress: progress },
        containment,
      );
      const { text, passed } = memoryReport(result, containment);
      console.log(text);
      return passed;
    }),
  );
command
  .command('abuse')
  .description(
    'Latency of one caller and memory of the order service, in turns with and without the abuse of another caller.',
  )
  .addOption(createIntegerOption('--rounds <n>', 'phases of each kind', { min: 1, max: 100 }).default(5))
  .addOption(createIntegerOption('--seconds <n>', 'measured seconds of a phase', { min: 1, max: 600 }).default(10))
  .addOption(createIntegerOption('--rate <n>', 'orders per second', { min: 1, max: 10_000 }).default(50))
  .action(({ rounds, seconds, rate }) =>
    contained(async (dataDir, containment, signal) => {
      const options = { plan: FULL_ATTACK, rounds, seconds, rate, dataDir, signal, onProgress: progress };
      const { text, passed } = abuseReport(await measureAbuse(options, containment), containment);
      console.log(text);
      return passed;
    }),
  );
await runCommand(command);
