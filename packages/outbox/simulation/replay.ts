import { createCommand, createIntegerOption, Option, runCommand } from '@standing-order/tools/cli';
import { runSchedule } from './run.ts';
import { createExpirySchedule, createSchedule } from './schedule.ts';
import { stamp } from './simulator.ts';
import { variants } from './variants.ts';

interface Flags {
  readonly seed: number;
  readonly variant?: string;
  readonly expiry?: boolean;
  readonly verbose?: boolean;
  readonly about?: string;
}

async function replay({ seed, variant, expiry, verbose = false, about }: Flags): Promise<void> {
  const named = variant === undefined ? undefined : variants[variant];
  const schedule = (expiry ? createExpirySchedule : createSchedule)(seed);
  const result = await runSchedule(schedule, {
    verbose: verbose || about !== undefined,
    ...(named && { variant: named }),
  });
  const { violation, digest, events, sends, duration, outcomes } = result;
  const mentions = new RegExp(`\\b${about}\\b|  (fault|simulator|checker|schedule) `);
  const lines = about === undefined ? result.lines : result.lines.filter((line) => mentions.test(line));
  for (const line of lines) console.log(line);
  const counts = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  console.log(
    `seed ${seed}: ${stamp(duration)} in ${events} events, ${sends} commands; ${counts}; trace ${digest.toString(16)}`,
  );
  if (violation === undefined) return;
  const { at, invariant, id = '-', what } = violation;
  console.log(`BROKEN at ${stamp(at)}: invariant ${invariant}, order ${id}: ${what}`);
  process.exitCode = 1;
}

await runCommand(
  createCommand('replay', 'Replays one schedule of faults and checks whether the outbox keeps its promises.')
    .addOption(
      createIntegerOption('--seed <n>', 'the seed that a failing run printed', {
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
      }).makeOptionMandatory(),
    )
    .addOption(new Option('--variant <name>', 'use a deliberately broken outbox').choices(Object.keys(variants)))
    .option('--expiry', 'let orders expire at any moment, as expiry.sim.test.ts does')
    .option('--verbose', 'print every event, in simulated time')
    .option('--about <id>', 'print the events of one order, such as x3, and every fault')
    .addHelpText('after', '\nExit codes: 0 promises kept, 1 a promise broken, 2 wrong arguments.')
    .action(replay),
);
