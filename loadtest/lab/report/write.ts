import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import type { RunResult } from '../runs/result.ts';
import { openRunStore } from '../runs/run-store.ts';
import { readFaults } from '../timetable/read.ts';
import { readWaitingRuns, summariesOf } from '../waiting/result.ts';
import { matrixOf } from './matrix.ts';
import { pageOf } from './page.ts';
import { pictureOf } from './picture.ts';
import { documentOf } from './table.ts';
import { timelinesOf } from './timelines.ts';

const DOCS = resolve(import.meta.dirname, '../../../docs');
const UPLOT = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');

/** Writes the page, its data, the picture and the tables of the results in `from` to `to`. Rejects without a result. */
export async function writeReport(from: string, to: string): Promise<void> {
  const results = await openRunStore(join(from, 'runs')).read();
  if (results.length === 0) throw new Error(`${from} has no result of a run`);
  const matrix = matrixOf(results, await readFaults());
  const timelines = timelinesOf(results);
  const text = (path: string) => readFile(path, 'utf8');
  const assets = {
    css: [await text(join(UPLOT, 'uPlot.min.css')), await text(join(import.meta.dirname, 'page.css'))],
    scripts: [await text(join(UPLOT, 'uPlot.iife.min.js')), await text(join(import.meta.dirname, 'charts.js'))],
  };
  const conditions = conditionsOf(results);
  const waitingRuns = await readWaitingRuns(from);
  const waiting = summariesOf(waitingRuns);
  await mkdir(to, { recursive: true });
  await Promise.all([
    writeFile(join(to, 'index.html'), await pageOf({ matrix, timelines, waiting, conditions, assets })),
    writeFile(
      join(to, 'matrix.json'),
      `${JSON.stringify({ ...matrix, conditions, timelines, waiting: { summaries: waiting, runs: waitingRuns } })}\n`,
    ),
    writeFile(join(to, 'runs.jsonl'), results.map((result) => `${JSON.stringify(result)}\n`).join('')),
    writeFile(join(to, 'matrix.svg'), await pictureOf(matrix)),
    writeFile(join(to, 'README.md'), documentOf({ matrix, conditions, waiting, docs: relative(to, DOCS) })),
  ]);
  console.log(`The page is ${join(to, 'index.html')}`);
}

const distinctOf = (values: readonly string[]): string[] => [...new Set(values)].toSorted();

const platformOf = ({ cluster }: RunResult): string =>
  cluster === undefined
    ? 'two replicas of the order service, one of each other service, in processes of one machine with the load generator'
    : `a release of the chart on ${cluster}, with the load generator in a pod`;

/** What a reader needs to judge and repeat the measurement. */
function conditionsOf(results: readonly RunResult[]): string[] {
  const distinct = (values: readonly string[]) => distinctOf(values).join('; ');
  const times = results.map(({ startedAt }) => startedAt).toSorted();
  const [{ model = 'unknown processor' } = {}] = cpus();
  return [
    `Load: ${distinct(results.map(({ plan }) => `${plan.rate} orders/s of each style`))}.`,
    `Phases (before, during, after): ${distinct(results.map(({ plan }) => `${plan.before}, ${plan.during}, ${plan.after} s`))}.`,
    ...distinctOf(results.map(platformOf)).map((platform) => `Platform: ${platform}.`),
    `Machine: ${cpus().length} x ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB. Node ${process.version}.`,
    `Version: ${distinct(results.map(({ commit }) => commit))}. Runs from ${times[0]} to ${times.at(-1)}.`,
  ];
}
