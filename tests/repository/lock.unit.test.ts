import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
}

const ROOT = resolve(import.meta.dirname, '../..');
const LOCK = resolve(ROOT, 'package-lock.json');

test('every locked package has an integrity hash, on every platform, and names no registry', async () => {
  const packages: Record<string, LockedPackage> = JSON.parse(await readFile(LOCK, 'utf8')).packages;
  const installed = Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
  expect(installed.length).toBeGreaterThan(300);
  expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});

// Only `npm start` and the image had the option; `npm ci` by hand, as deploy/dapr/dapr.yaml describes it, ran the scripts.
test('no installation in this repository runs the scripts of packages', async () => {
  expect((await readFile(resolve(ROOT, '.npmrc'), 'utf8')).split('\n')).toContain('ignore-scripts=true');
  // The image is built without this file, and deploy/run.mjs also works with settings of the user.
  for (const path of ['deploy/run.mjs', 'deploy/images/Dockerfile']) {
    expect(await readFile(resolve(ROOT, path), 'utf8'), path).toContain('--ignore-scripts');
  }
});
