import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@standing-order/tools/cli';
import { drawFigure } from './figure.ts';
import { measure } from './measure.ts';
import { createYearCommand, type FigureOptions, type MeasureOptions } from './options.ts';
import { faultsOf, type Result } from './result.ts';

const progress = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)}  ${line}`);

async function runMeasure({ settings, json, portBase }: MeasureOptions): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const dataDir = await mkdtemp(join(tmpdir(), 'standing-order-year-'));
  try {
    const result = await measure({ settings, portBase, dataDir, signal: stop.signal, onProgress: progress });
    if (json !== undefined) await writeFile(json, `${JSON.stringify(result)}\n`);
    console.log(summary(result).join('\n'));
    const faults = faultsOf(result);
    for (const fault of faults) console.log(`FAILED: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
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
