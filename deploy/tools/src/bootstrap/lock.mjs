import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;
const HEARTBEAT_MS = 2_000;
// A process id can be reused by another program. A live holder also updates the modification time of its lock.
const STALE_AFTER_MS = 60_000;

/**
 * Runs `work` while no other process on this machine runs work under the same lock file. A lock is taken over when its
 * holder has exited, or has not updated the lock for a minute.
 *
 * @template T
 * @param {string} path
 * @param {{ deadlineMs: number, signal?: AbortSignal, onWait?: (holder: number, waitedMs: number) => void }} options
 *   `deadlineMs` limits the wait for the lock, not the work
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} rejects with what `work` rejects with, with the signal's reason, or when the deadline passes
 */
export async function withLock(path, options, work) {
  const token = `${process.pid} ${randomUUID()}`;
  await acquire(path, token, options);
  const heartbeat = setInterval(() => touch(path, token), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (read(path)?.token === token) rmSync(path, { force: true });
  }
}

/**
 * @param {string} path
 * @param {string} token
 * @param {{ deadlineMs: number, signal?: AbortSignal, onWait?: (holder: number, waitedMs: number) => void }} options
 */
async function acquire(path, token, { deadlineMs, signal, onWait }) {
  const own = `${path}.${process.pid}-${randomUUID()}`;
  const began = performance.now();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(own, token);
  try {
    while (!succeedsUnless('EEXIST', () => linkSync(own, path))) {
      const holder = read(path);
      if (holder === undefined) continue;
      if (isStale(holder)) {
        removeStale(path, holder.token, `${own}.stale`);
        continue;
      }
      const waited = performance.now() - began;
      if (waited > deadlineMs)
        throw new Error(`timed out waiting for the lock ${path}, which process ${holder.pid} holds`);
      onWait?.(holder.pid, waited);
      await delay(POLL_MS, undefined, { signal });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Renames the lock before it compares the token again. If two processes find the same stale lock, only one removes it.
 * @param {string} path
 * @param {string} token
 * @param {string} aside
 */
function removeStale(path, token, aside) {
  if (!succeedsUnless('ENOENT', () => renameSync(path, aside))) return;
  if (read(aside)?.token !== token) succeedsUnless('EEXIST', () => linkSync(aside, path));
  rmSync(aside, { force: true });
}

/** @param {{ pid: number, touched: number }} holder */
function isStale(holder) {
  if (Date.now() - holder.touched > STALE_AFTER_MS) return true;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/**
 * @param {string} path
 * @param {string} token
 */
function touch(path, token) {
  if (read(path)?.token === token) succeedsUnless('ENOENT', () => utimesSync(path, new Date(), new Date()));
}

/**
 * @param {string} path
 * @returns {{ pid: number, token: string, touched: number } | undefined}
 */
function read(path) {
  try {
    const token = readFileSync(path, 'utf8');
    return { pid: Number.parseInt(token, 10), token, touched: statSync(path).mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @param {string} code
 * @param {() => void} action
 * @returns {boolean} false if the action failed with this code
 */
function succeedsUnless(code, action) {
  try {
    action();
    return true;
  } catch (error) {
    if (codeOf(error) === code) return false;
    throw error;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
