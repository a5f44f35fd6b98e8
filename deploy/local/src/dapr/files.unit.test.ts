import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nudgeSidecars } from './files.ts';

test('stores that start at the same moment nudge the sidecars without an error, and leave no file', async () => {
  const resources = await mkdtemp(join(tmpdir(), 'standing-order-'));
  onTestFinished(() => rm(resources, { recursive: true }));
  await Promise.all(Array.from({ length: 20 }, () => nudgeSidecars({ resources })));
  expect(await readdir(resources)).toEqual([]);
});
