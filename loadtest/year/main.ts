import { readFile, writeFile } from 'node:fs/promises';
import { runCommand } from '@standing-order/tools/cli';
import { progress, withDataDir } from '../measurement.ts';
import { drawFigure } from './figure.ts';
import { measure } from './measure.ts';
import { createYearCommand, type FigureOptions, type MeasureOptions } from './options.ts';
import { faultsOf, type Result } from './result.ts';

async function runMeasure({ settings, json, portBase }: MeasureOptions): Promise<void> {
  const result = await withDataDir('year', (dataDir, signal) =>
    measure({ settings, portBase, dataDir, signal, onProgress: progress }),
  );
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result)}\n`);
  console.log(summary(result).join('\n'));
  const faults = faultsOf(result);
  for (const fault of faults) console.log(`FAILED: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

function summary({ plateaus, load, expiry, undecided, leftOver }: Result): string[] {
  const levels = Object.entries(plateaus).map(
    ([name, { middle, last }]) => `  ${name.padEnd(14)}${String(middle).padStart(12)}${String(last).padStart(12)}`,
  );
  return [
    `${load.offered} orders offered, ${load.acknowledged} acknowledged, ${undecided.length} of these undecided`,
    `${expiry.sampled} sampled orders: ${expiry.missing.length} missing too early, ${expiry.remaining.length} stored too long; ${leftOver} left over`,
    '  highest level in the middle and in the last third:',
    ...levels,
  ];
}

async function runFigure({ results, out }: FigureOptions): Promise<void> {
  const read = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as Result;
  await writeFile(out, drawFigure(await Promise.all(results.map(read))));
}

await runCommand(createYearCommand({ measure: runMeasure, figure: runFigure }));
