// @module-tag kubeconform
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResource } from '@standing-order/local/dapr/resource';
import { DAPR_FOLDER } from '@standing-order/local/dapr/source';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { judge } from './kubeconform.ts';
import { writeSchemas } from './schemas.ts';

/** The folder has one object per file; dapr.yaml is a file of the Dapr CLI. */
const files = (await readdir(DAPR_FOLDER, { recursive: true }))
  .filter((path) => path.endsWith('.yaml') && path !== 'dapr.yaml')
  .sort();

let folder: string;
let schemas: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-dapr-'));
  schemas = await writeSchemas(join(folder, 'schemas'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(files)('deploy/dapr/%s has one object, which is valid by the schemas of Dapr', async (path) => {
  expect(await judge(join(DAPR_FOLDER, path), schemas)).toMatchObject([{ status: 'statusValid' }]);
});

test('every kind of object that the platform needs is in deploy/dapr', async () => {
  const kinds = await Promise.all(files.map(async (path) => (await readResource(join(DAPR_FOLDER, path))).kind));
  expect([...new Set(kinds)].sort()).toEqual(['Component', 'Configuration', 'Resiliency', 'Subscription']);
});

test.each([
  ['state/redis/state.yaml', { ignoreError: true }],
  ['subscriptions/order-replies.yaml', { deadletterTopic: 'x' }],
  ['resiliency/validations.yaml', { policy: {} }],
  ['configuration.yaml', { metrics: 'off' }],
])('a wrong field in deploy/dapr/%s is invalid', async (path, fields) => {
  const object = await readResource(join(DAPR_FOLDER, path));
  const wrong = join(folder, 'wrong.yaml');
  await writeFile(wrong, stringify({ ...object, spec: { ...object.spec, ...fields } }));
  expect(await judge(wrong, schemas)).toMatchObject([
    { status: 'statusInvalid', msg: expect.stringContaining(Object.keys(fields)[0] as string) },
  ]);
});
