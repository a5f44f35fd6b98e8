import { readFile, writeFile } from 'node:fs/promises';
import { createCommand, runCommand } from '@standing-order/tools/cli';
import { figure } from './figure.ts';
import { costTable, type Results, tables, withTables } from './report.ts';
import { GROUPS } from './rows.ts';
import { type Measurement, measure } from './run.ts';

const docs = new URL('../../../../docs/', import.meta.url);

async function scale({ write }: { readonly write?: boolean }): Promise<void> {
  const results: Record<string, Measurement[]> = {};
  for (const { name, deployments } of GROUPS) {
    const measurements: Measurement[] = [];
    for (const deployment of deployments) {
      const measurement = await measure(deployment);
      console.error(`${name}, ${deployment.replicas} replicas: ${Math.round(measurement.ordersPerSecond)} orders/s`);
      measurements.push(measurement);
    }
    results[name] = measurements;
  }
  if (write) await writeDocs(results);
  console.log(`${tables(results)}\n\n${costTable(results)}`);
}

async function writeDocs(results: Results): Promise<void> {
  await writeFile(new URL('scaling/results.json', docs), `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(new URL('scaling.svg', docs), figure(results));
  const page = new URL('scaling.md', docs);
  await writeFile(page, withTables(await readFile(page, 'utf8'), results));
}

await runCommand(
  createCommand(
    'scale',
    'Simulates releases with 1 to 64 replicas at saturation, with measured service times. Takes a minute or two.',
  )
    .option('--write', 'also write docs/scaling/results.json, docs/scaling.svg, and the tables of docs/scaling.md')
    .action(scale),
);
