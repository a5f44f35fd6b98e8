import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readDaprFile } from '../../test/support/dapr-folder.ts';
import { readResource, withSettings } from './resource.ts';

test('a setting that a component does not have is refused', async () => {
  const component = await readDaprFile('state/redis/state.yaml');
  expect(() => withSettings(component, { redishost: 'a:1' })).toThrow('the component state has no setting redishost');
});

test('a file with two documents is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-resource-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'two.yaml');
  await writeFile(path, 'kind: Component\n---\nkind: Resiliency\n');
  await expect(readResource(path)).rejects.toThrow(path);
});
