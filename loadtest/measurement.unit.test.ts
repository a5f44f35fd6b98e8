import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { withDataDir } from './measurement.ts';

test('other accounts can pass through the folder of a measurement, and not list it', async () => {
  const [folder, mode] = await withDataDir('test', async (dataDir) => {
    await mkdir(dataDir);
    return [dirname(dataDir), statSync(dirname(dataDir)).mode & 0o777];
  });
  expect(mode).toBe(0o711);
  expect(existsSync(folder)).toBe(false);
});
