import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCommand, createIntegerOption, Option, runCommand } from '@standing-order/tools/cli';
import { interruptible } from '../../deploy/tools/src/bootstrap/interrupt.mjs';
import { Containment } from './containment.ts';
import { measureMemory } from './memory.ts';
import { memoryReport } from './report.ts';

const progress = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);

/** Runs the measurement with a scratch directory and groups, and removes both. */
async function contained(measure: (dataDir: string, containment: Containment, signal: AbortSignal) => Promise<boolean>) {
  const scratch = await mkdtemp(join(tmpdir(), 'standing-order-limits-'));
  const containment = new Containment();
  const passed = await interruptible(async (signal) => {
    try {
      return await measure(join(scratch, 'd'), containment, signal);
    } finally {
      containment.close();
      await rm(scratch, { recursive: true, force: true });
    }
  });
  if (!passed) process.exitCode = 1;
}

const command = createCommand(
  'limits',
  'Measures the platform inside the memory limits of its pods, each process in a cgroup of its own. Needs root on Linux.',
);
command
  .command('memory')
  .description('Peak memory while orders are taken that cannot be decided, after a restart, and while they drain among garbage.')
  .addOption(new Option('--broker <kind>', 'message broker').choices(['redis', 'kafka']).default('redis'))
  .addOption(createIntegerOption('--pending <n>', 'orders that wait', { min: 100, max: 1_000_000 }).default(100_000))
  .addOption(createIntegerOption('--garbage-mib <n>', 'garbage on all topics', { min: 0, max: 100_000 }).default(600))
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
await runCommand(command);
