import { parseArgs } from 'node:util';
import { runSeed } from './run.ts';
import { stamp } from './simulator.ts';
import { variants } from './variants.ts';

const HELP = `Replays one schedule of faults and checks whether the outbox keeps its promises.

  npm run replay -- --seed N [--variant NAME] [--verbose] [--about ID]

  --seed N        the seed that a failing run printed
  --variant NAME  use a deliberately broken outbox: ${Object.keys(variants).join(', ')}
  --verbose       print every event, in simulated time
  --about ID      print the events of one order, such as x3, and every fault

Exit code: 0 promises kept, 1 promise broken, 2 invalid arguments.
`;

function readArguments(): { seed: number; variant?: string; verbose: boolean; about?: string } {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      variant: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      about: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { variant, about, verbose } = values;
  if (values.seed === undefined || !/^\d+$/.test(values.seed)) throw new Error('--seed must be a number');
  if (variant !== undefined && !(variant in variants)) throw new Error(`unknown variant ${variant}`);
  return { seed: Number(values.seed), verbose, ...(variant && { variant }), ...(about && { about }) };
}

async function main(): Promise<number> {
  const { seed, variant, verbose, about } = readArguments();
  const named = variant === undefined ? undefined : variants[variant];
  const verdict = await runSeed(seed, { verbose: verbose || about !== undefined, ...(named && { variant: named }) });
  const { violation, digest, events, sends, duration: lasted, outcomes } = verdict;
  const mentions = new RegExp(`\\b${about}\\b|  (fault|simulator|checker|schedule) `);
  const lines = about === undefined ? verdict.lines : verdict.lines.filter((line) => mentions.test(line));
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  const results = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  process.stdout.write(
    `seed ${seed}: ${stamp(lasted)} in ${events} events, ${sends} commands; ${results}; trace ${digest.toString(16)}\n`,
  );
  if (violation === undefined) return 0;
  process.stdout.write(
    `BROKEN at ${stamp(violation.at)}: invariant ${violation.invariant}, order ${violation.id ?? '-'}: ${violation.what}\n`,
  );
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  process.exitCode = 2;
}
