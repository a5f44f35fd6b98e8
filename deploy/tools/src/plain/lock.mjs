import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 250;
const beatMs = 2_000;
// A process number may be taken again by another program; a holder that lives also touches its lock.
const silentMs = 60_000;

/**
 * Runs `work` while no other process on this machine runs work under the same lock file. A lock whose holder is gone,
 * or has not touched it for a minute, is taken over.
 *
 * @template T
 * @param {string} path
 * @param {{ deadlineMs: number, signal?: AbortSignal, onWait?: (holder: number, waitedMs: number) => void }} options
 *   `deadlineMs` bounds the wait for the lock, not the work.
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} rejects with what `work` rejects with, with the signal's reason, or when the deadline passes
 */
export async function withLock(path, options, work) {
  const token = `${process.pid} ${randomUUID()}`;
  await acquire(path, token, options);
  const beat = setInterval(() => touch(path, token), beatMs);
  try {
    return await work();
  } finally {
    clearInterval(beat);
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
    while (!unlessCode('EEXIST', () => linkSync(own, path))) {
      const holder = read(path);
      if (holder === undefined) continue;
      if (isGone(holder)) {
        takeAway(path, holder.token, `${own}.gone`);
        continue;
      }
      const waited = performance.now() - began;
      if (waited > deadlineMs) throw new Error(`process ${holder.pid} has held ${path} for too long`);
      onWait?.(holder.pid, waited);
      await delay(pollMs, undefined, { signal });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Moves the lock away before looking at it again, so that of two who find the same dead holder only one removes it.
 * @param {string} path
 * @param {string} token
 * @param {string} aside
 */
function takeAway(path, token, aside) {
  if (!unlessCode('ENOENT', () => renameSync(path, aside))) return;
  if (read(aside)?.token !== token) unlessCode('EEXIST', () => linkSync(aside, path));
  rmSync(aside, { force: true });
}

/** @param {{ pid: number, touched: number }} holder */
function isGone(holder) {
  if (Date.now() - holder.touched > silentMs) return true;
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
  if (read(path)?.token === token) unlessCode('ENOENT', () => utimesSync(path, new Date(), new Date()));
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
function unlessCode(code, action) {
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
