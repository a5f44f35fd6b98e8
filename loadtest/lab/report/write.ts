import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { openRunStore } from '../runs/run-store.ts';
import { readFaults } from '../timetable/read.ts';
import { readWaitingRuns, summariesOf } from '../waiting/result.ts';
import { conditionsOf } from './conditions.ts';
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
