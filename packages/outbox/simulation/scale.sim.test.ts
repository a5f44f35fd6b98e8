import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { figure } from './scale/figure.ts';
import { costTable, type Results, tables, withTables } from './scale/report.ts';
import { GROUPS } from './scale/rows.ts';
import { measure } from './scale/run.ts';

/** The others take a minute. */
const MAX_REPLICAS = 4;

const read = (path: string) => readFile(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');
const results: Results = JSON.parse(await read('scaling/results.json'));

test('docs/scaling.md has the tables of the recorded results, and its figure shows them', async () => {
  expect(Object.values(results).map(({ length }) => length)).toEqual(
    GROUPS.map(({ deployments }) => deployments.length),
  );
  const page = await read('scaling.md');
  expect(page).toContain(tables(results));
  expect(page).toContain(costTable(results));
  expect(withTables(page, results)).toBe(page);
  expect(await read('scaling.svg')).toBe(figure(results));
});

test.each(
  GROUPS.flatMap(({ name, deployments }) =>
    deployments
      .map((deployment, i) => ({ name, deployment, i }))
      .filter(({ deployment }) => deployment.replicas <= MAX_REPLICAS),
  ),
)(
  'the recorded result of $name, row $i, is what the code measures (else: npm run scale -- --write)',
  async ({ name, deployment, i }) => {
    expect(await measure(deployment)).toEqual(results[name]?.[i]);
  },
);
