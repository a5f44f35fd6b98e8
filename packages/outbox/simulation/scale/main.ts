import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { figure } from './figure.ts';
import { costTable, type Results, tables, withTables } from './report.ts';
import { GROUPS } from './rows.ts';
import { type Measurement, measure } from './run.ts';

const HELP = `Simulates releases with 1 to 64 replicas at saturation, with measured service times. Takes a minute or two.

  npm run scale [-- --write]

  --write  also writes docs/scaling/results.json, docs/scaling.svg, and the tables of docs/scaling.md
`;

const docs = new URL('../../../../docs/', import.meta.url);

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const results: Record<string, Measurement[]> = {};
  for (const { name, deployments } of GROUPS) {
    const measurements: Measurement[] = [];
    for (const deployment of deployments) {
      const measurement = await measure(deployment);
      process.stderr.write(
        `${name}, ${deployment.replicas} replicas: ${Math.round(measurement.ordersPerSecond)} orders/s\n`,
      );
      measurements.push(measurement);
    }
    results[name] = measurements;
  }
  if (values.write) await write(results);
  process.stdout.write(`${tables(results)}\n\n${costTable(results)}\n`);
}

async function write(results: Results): Promise<void> {
  await writeFile(new URL('scaling/results.json', docs), `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(new URL('scaling.svg', docs), figure(results));
  const page = new URL('scaling.md', docs);
  await writeFile(page, withTables(await readFile(page, 'utf8'), results));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
  process.exitCode = 2;
}
