import { type Command, createCommand, createIntegerOption, givenPath, Option } from '@standing-order/tools/cli';
import type { Settings } from './settings.ts';

export interface MeasureOptions {
  readonly settings: Settings;
  readonly json: string | undefined;
  readonly portBase: number;
}

export interface FigureOptions {
  readonly results: readonly string[];
  readonly out: string;
}

export interface Actions {
  measure(options: MeasureOptions): Promise<void>;
  figure(options: FigureOptions): Promise<void>;
}

type MeasureFlags = Settings & Pick<MeasureOptions, 'json' | 'portBase'>;

/** The command line of `npm run year`. */
export function createYearCommand({ measure, figure }: Actions): Command {
  const program = createCommand(
    'year',
    'Simulates a year of orders in six minutes: the retention is 30 seconds instead of 30 days.',
  ).addHelpText('after', '\nExit codes: 0 levelled off and no order lost, 1 otherwise, 2 wrong arguments.');
  program
    .command('measure')
    .description('runs a platform of its own under constant load, and measures its stores')
    .addOption(new Option('--store <kind>', 'state store').choices(['redis', 'postgresql']).default('redis'))
    .addOption(new Option('--broker <kind>', 'broker').choices(['redis', 'kafka']).default('redis'))
    .addOption(createIntegerOption('--rate <n>', 'orders per second', { min: 1, max: 10_000 }).default(100))
    .addOption(createIntegerOption('--seconds <n>', 'duration of the load', { min: 10, max: 36_000 }).default(365))
    .addOption(
      createIntegerOption('--retention-seconds <n>', 'retention of a decided order', { min: 3, max: 3_600 }).default(
        30,
      ),
    )
    .option('--json <file>', 'write all measurements as JSON', givenPath)
    .addOption(
      createIntegerOption('--port-base <port>', 'first of a thousand ports', { min: 1024, max: 64_000 }).default(
        14_000,
      ),
    )
    .action(({ json, portBase, ...settings }: MeasureFlags) => measure({ settings, json, portBase }));
  program
    .command('figure')
    .description('draws the measurements of runs as an SVG')
    .argument('<json...>', 'files of --json, one column of charts each')
    .requiredOption('--out <file>', 'the SVG', givenPath)
    .action((results: string[], { out }: { readonly out: string }) => figure({ results: results.map(givenPath), out }));
  return program;
}
