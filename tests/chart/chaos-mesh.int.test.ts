// @module-tag kubeconform
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chaosOf } from '@standing-order/loadtest/chaos-mesh';
import { readFaults } from '@standing-order/loadtest/faults';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judge } from './kubeconform.ts';
import { writeChaosMeshSchemas } from './schemas.ts';

const REF = { namespace: 'lab', release: 'shop', seconds: 15 };
let folder: string;
let schemas: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-chaos-'));
  schemas = await writeChaosMeshSchemas(join(folder, 'schemas'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('every fault of the lab is a valid object of Chaos Mesh, or is named as not expressible', async () => {
  const objects = join(folder, 'objects');
  await mkdir(objects);
  const omitted: string[] = [];
  let count = 0;
  for (const fault of await readFaults()) {
    const chaos = chaosOf(fault, REF);
    omitted.push(...chaos.omitted.map(() => fault.name));
    for (const object of chaos.objects) await writeFile(join(objects, `${count++}.json`), JSON.stringify(object));
  }
  expect(omitted.toSorted()).toEqual(['broker-wiped', 'node-drained', 'order-replica-frozen']);
  const judged = await judge(objects, schemas);
  expect(judged).toHaveLength(count);
  expect(judged.filter(({ status }) => status !== 'statusValid')).toEqual([]);
});

test('the schemas refuse an unknown action and an unknown field', async () => {
  const file = join(folder, 'wrong.json');
  const [fault] = (await readFaults()).filter(({ name }) => name === 'consumer-down');
  const [object] = fault === undefined ? [] : chaosOf(fault, REF).objects;
  for (const wrong of [{ action: 'explode' }, { durations: '1s' }]) {
    await writeFile(file, JSON.stringify({ ...object, spec: { ...object?.spec, ...wrong } }));
    expect(await judge(file, schemas)).toMatchObject([{ status: 'statusInvalid' }]);
  }
});
