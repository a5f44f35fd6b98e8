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

test('never runs two pieces of work at the same time, and removes its files', async () => {
  let inside = 0;
  let max = 0;
  const work = async () => {
    inside += 1;
    max = Math.max(max, inside);
    await readdir(folder);
    inside -= 1;
  };
  await Promise.all([withLock(lock, options, work), withLock(lock, options, work), withLock(lock, options, work)]);
  expect(max).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('releases the lock when the work fails', async () => {
  const failure = new Error('the work failed');
  await expect(withLock(lock, options, () => Promise.reject(failure))).rejects.toBe(failure);
  await expect(withLock(lock, options, async () => 'done')).resolves.toBe('done');
});

test('takes over the lock of a process that has exited', async () => {
  await writeFile(lock, `${spawnSync('true').pid} token`);
  await expect(withLock(lock, options, async () => 'done')).resolves.toBe('done');
  expect(await readdir(folder)).toEqual([]);
});

test('takes over a lock without a heartbeat for a minute, even if a process with that id runs', async () => {
  await writeFile(lock, `${process.pid} token`);
  const longAgo = new Date(Date.now() - 61_000);
  await utimes(lock, longAgo, longAgo);
  await expect(withLock(lock, options, async () => 'done')).resolves.toBe('done');
});

test('waits for the lock of a running process until the deadline', async () => {
  await writeFile(lock, `${process.pid} token`);
  const held = withLock(lock, { deadlineMs: 0 }, async () => 'done');
  await expect(held).rejects.toThrow(`timed out waiting for the lock ${lock}, which process ${process.pid} holds`);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('stops waiting when it is aborted', async () => {
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
