import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nudgeSidecars } from './files.ts';

test('stores that start at the same moment nudge the sidecars without an error, and leave no file', async () => {
  const resources = await mkdtemp(join(tmpdir(), 'standing-order-'));
  onTestFinished(() => rm(resources, { recursive: true }));
  // Each begins a moment after the one before, so that some remove the file that another has removed already.
  const begun: Promise<void>[] = [];
  for (let count = 0; count < 300; count++) {
    begun.push(nudgeSidecars({ resources }));
    await new Promise(setImmediate);
  }
  await Promise.all(begun);
  expect(await readdir(resources)).toEqual([]);
});
