import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.mjs';

const options = { deadlineMs: 30_000 };
let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-lock-'));
  lock = join(folder, 'lock');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('work under one lock never overlaps, and leaves nothing behind', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await readdir(folder);
    inside -= 1;
  };
  await Promise.all([withLock(lock, options, work), withLock(lock, options, work), withLock(lock, options, work)]);
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('the lock is free again after work that failed', async () => {
  const failure = new Error('the work failed');
  await expect(withLock(lock, options, () => Promise.reject(failure))).rejects.toBe(failure);
  await expect(withLock(lock, options, async () => 'done')).resolves.toBe('done');
});

test('the lock of a process that is gone is taken over', async () => {
  await writeFile(lock, `${spawnSync('true').pid} token`);
  await expect(withLock(lock, options, async () => 'done')).resolves.toBe('done');
  expect(await readdir(folder)).toEqual([]);
});

test('a lock that nobody has touched for a minute is taken over, whoever has that process number now', async () => {
  await writeFile(lock, `${process.pid} token`);
  const longAgo = new Date(Date.now() - 61_000);
  await utimes(lock, longAgo, longAgo);
  await expect(withLock(lock, options, async () => 'done')).resolves.toBe('done');
});

test('the lock of a living process is waited for, up to the deadline', async () => {
  await writeFile(lock, `${process.pid} token`);
  const held = withLock(lock, { deadlineMs: 0 }, async () => 'done');
  await expect(held).rejects.toThrow(`process ${process.pid} has held ${lock} for too long`);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a wait can be aborted', async () => {
  await writeFile(lock, `${process.pid} token`);
  const controller = new AbortController();
  const held = withLock(
    lock,
    { ...options, signal: controller.signal, onWait: () => controller.abort(new Error('enough')) },
    async () => 'done',
  );
  await expect(held).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['lock']);
});
