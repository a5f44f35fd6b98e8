// @module-tag kubeconform
// @module-tag helm
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHART } from './helm.ts';
import { valuesTable } from './values-table.ts';

const README = join(CHART, 'README.md');
const MARKS = /(?<=<!-- values: .*-->\n\n)[\s\S]*?(?=\n\n<!-- end of values -->)/;

test('the README of the chart has the values of values.yaml; vitest --update=all writes them', async () => {
  const [readme, values] = await Promise.all(
    [README, join(CHART, 'values.yaml')].map((path) => readFile(path, 'utf8')),
  );
  expect(readme).toMatch(MARKS);
  await expect(readme?.replace(MARKS, valuesTable(values as string))).toMatchFileSnapshot(README);
});

test('the table of values has every value with its default and its comment', () => {
  const table = valuesTable(
    '# Title\n\n# -- First\n# line.\na: 1\nb:\n  # -- Of u.\n  # u: 2\n  # -- Of c.\n  c: [x]\n  d: {}\n# -- Of e.\ne: { f: "" }\n',
  );
  expect(table.split('\n').slice(2)).toEqual([
    '| `a` | `1` | First line. |',
    '| `b.u` |  | Of u. |',
    '| `b.c` | `["x"]` | Of c. |',
    '| `b.d` | `{}` |  |',
    '| `e` | `{"f":""}` | Of e. |',
  ]);
});

test('every value that a user may set by the schema is in values.yaml, or is one of a service or a pod', async () => {
  const schema = JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8'));
  const values = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'));
  const absent = Object.keys(schema.properties).filter((name) => !(name in values));
  // Helm passes these two to a dependency.
  expect(absent.toSorted()).toEqual(['enabled', 'global']);
});
