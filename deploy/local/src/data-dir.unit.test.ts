import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeDataDir } from './data-dir.ts';

let parent: string;
let dir: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'standing-order-'));
  dir = join(parent, 'data');
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test('secrets are made once for a directory, readable by its owner alone', async () => {
  const first = await takeDataDir(dir, false);
  first.release();
  const second = await takeDataDir(dir, false);
  second.release();
  expect(second.secrets).toEqual(first.secrets);
  expect(first.secrets.daprApiToken).toMatch(/^[\w-]{32}$/);
  for (const key of ['webhookKey', 'orderTokenKey'] as const) {
    expect(Buffer.from(first.secrets[key], 'base64')).toHaveLength(32);
  }
  expect(statSync(join(dir, 'secrets.json')).mode & 0o777).toBe(0o600);
});

test('a secret that an earlier version did not make is added to the others', async () => {
  const first = await takeDataDir(dir, false);
  first.release();
  const { webhookKey: _, ...earlier } = first.secrets;
  writeFileSync(join(dir, 'secrets.json'), JSON.stringify(earlier));
  const second = await takeDataDir(dir, false);
  second.release();
  expect(second.secrets).toEqual({ ...earlier, webhookKey: expect.stringMatching(/=$/) });
});

test('a directory belongs to one platform at a time', async () => {
  const first = await takeDataDir(dir, false);
  await expect(takeDataDir(dir, true)).rejects.toThrow(`a platform is already running in ${dir}`);
  first.release();
  (await takeDataDir(dir, false)).release();
});

test('clean deletes the secrets and all other files', async () => {
  const first = await takeDataDir(dir, false);
  writeFileSync(join(dir, 'logs', 'old.log'), '');
  first.release();
  const second = await takeDataDir(dir, true);
  expect(existsSync(join(dir, 'logs', 'old.log'))).toBe(false);
  expect(second.secrets).not.toEqual(first.secrets);
  second.release();
});

test('a directory that holds something else is left alone', async () => {
  writeFileSync(join(parent, 'precious'), 'mine');
  await expect(takeDataDir(parent, true)).rejects.toThrow(`${parent} holds other files`);
  expect(existsSync(join(parent, 'precious'))).toBe(true);
});

test('a directory that cannot be created is refused with the next step', async () => {
  const file = join(parent, 'file');
  writeFileSync(file, '');
  await expect(takeDataDir(join(file, 'data'), false)).rejects.toThrow(
    /^the data directory cannot be created: ENOTDIR.*; choose another one with --data-dir$/,
  );
});
