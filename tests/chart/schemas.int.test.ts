// @module-tag kubeconform
// @module-tag helm
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { combinations, features } from './combinations.ts';
import { renderText } from './helm.ts';
import { type Judged, judge } from './kubeconform.ts';
import { writeSchemas } from './schemas.ts';

const all = [...combinations, ...features];
let folder: string;
let schemas: string;
let judged: readonly Judged[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-chart-'));
  schemas = await writeSchemas(join(folder, 'schemas'));
  await mkdir(join(folder, 'objects'));
  for (const [index, { values }] of all.entries()) {
    await writeFile(join(folder, 'objects', `${index}.yaml`), await renderText(values));
  }
  judged = await judge(join(folder, 'objects'), schemas);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(all.map(({ name }, index) => ({ name, index })))(
  'kubeconform accepts every object with $name',
  ({ index }) => {
    const own = judged.filter(({ filename }) => basename(filename) === `${index}.yaml`);
    expect(own.filter(({ status }) => status !== 'statusValid')).toEqual([]);
    expect(own.length).toBeGreaterThan(20);
  },
);

test('kubeconform detects an unknown field', async () => {
  const wrong = join(folder, 'wrong');
  await mkdir(wrong);
  const text = await renderText();
  await writeFile(join(wrong, 'objects.yaml'), text.replace('automountServiceAccountToken', 'automountToken'));
  const faults = (await judge(wrong, schemas)).filter(({ status }) => status === 'statusInvalid');
  expect(faults).toMatchObject([{ kind: 'ServiceAccount', msg: expect.stringContaining('automountToken') }]);
});
