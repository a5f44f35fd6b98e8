// @module-tag kubeconform
// @module-tag helm
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CHART, readObjects, renderOffline, renderText, type Values } from './helm.ts';
import { judge } from './kubeconform.ts';
import { writeSchemas } from './schemas.ts';

const EXAMPLES = join(CHART, 'examples');
const files = await readdir(EXAMPLES);

/** The values of an example: its own, or those in an Application of Argo CD. */
async function readValues(file: string): Promise<Values> {
  const content = parse(await readFile(join(EXAMPLES, file), 'utf8'));
  return content.kind === 'Application' ? content.spec.source.helm.valuesObject : content;
}

let folder: string;
let schemas: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-examples-'));
  schemas = await writeSchemas(join(folder, 'schemas'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('there is an example for each platform that the documentation names', () => {
  expect(files.toSorted()).toEqual([
    'argo-cd.yaml',
    'values-managed-redis-kafka.yaml',
    'values-openshift.yaml',
    'values-postgresql-operator.yaml',
    'values-production.yaml',
  ]);
});

test.each(files)('%s renders objects that kubeconform accepts', async (file) => {
  const objects = join(folder, file);
  await writeFile(objects, await renderText(await readValues(file)));
  const judged = await judge(objects, schemas);
  expect(judged.filter(({ status }) => status !== 'statusValid')).toEqual([]);
  expect(judged.length).toBeGreaterThan(20);
});

test.each(['argo-cd.yaml', 'values-production.yaml'])(
  '%s is rendered equally without a cluster, and creates no secret',
  async (file) => {
    const values = await readValues(file);
    const [one, two] = await Promise.all([renderOffline(values), renderOffline(values)]);
    expect(two).toBe(one);
    expect(readObjects(one).map(({ kind }) => kind)).not.toContain('Secret');
  },
);

test('the Application of Argo CD installs the version of this chart', async () => {
  const { spec } = parse(await readFile(join(EXAMPLES, 'argo-cd.yaml'), 'utf8'));
  const { version } = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8'));
  expect(spec.source.targetRevision).toBe(`v${version}`);
});
