import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { finish, startResolve } from './support/resolving.ts';

let folder: string;
let tool: object;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-tools-'));
  const module = join(folder, 'module');
  await mkdir(module);
  await mkdir(join(folder, 'path'));
  await writeFile(join(module, 'go.mod'), 'module example.test/parrot\n\ngo 1.21\n');
  // Without fmt and os, which take long to compile on a machine that is busy.
  await writeFile(
    join(module, 'main.go'),
    'package main\n\nimport "syscall"\n\nfunc main() { syscall.Write(1, []byte("parrot 1.2.3\\n")) }\n',
  );
  tool = {
    name: 'parrot',
    wanted: { atLeast: '1.2.3' },
    beside: [],
    places: [],
    source: { kind: 'go', folder: module, program: 'example.test/parrot', flags: [] },
    byHand: 'buy one at the market',
  };
});

afterEach(async () => {
  await rm(folder, { recursive: true, maxRetries: 5 });
});

/** `slow` builds without what Go has cached, which takes long enough for others to meet the build. */
function start({ slow = false } = {}): ChildProcess {
  const around = { path: join(folder, 'path'), home: folder, cache: join(folder, 'cache') };
  return startResolve({ tool, around }, slow ? { GOCACHE: join(folder, 'gocache') } : {});
}

async function putOnPath(version: string): Promise<string> {
  const path = join(folder, 'path', 'parrot');
  await writeFile(path, `#!/bin/sh\necho parrot ${version}\n`);
  await chmod(path, 0o755);
  return path;
}

const cached = () => readdir(join(folder, 'cache'));

test('two processes that ask at once build once', async () => {
  const both = await Promise.all([finish(start({ slow: true })), finish(start({ slow: true }))]);
  expect(both.map(({ resolved }) => resolved?.from).sort()).toEqual(['built', 'cache']);
  expect(both[0].resolved?.path).toBe(both[1].resolved?.path);
  expect(await cached()).toEqual(['parrot-1.2.3']);
});

test('a build leaves its pins as they were', async () => {
  const before = await readFile(join(folder, 'module', 'go.mod'), 'utf8');
  await finish(start());
  expect(await readFile(join(folder, 'module', 'go.mod'), 'utf8')).toBe(before);
  expect(await readdir(join(folder, 'module'))).toEqual(['go.mod', 'main.go']);
});

test('an interrupted build leaves nothing, and the next one succeeds', async () => {
  const child = start({ slow: true });
  const end = finish(child);
  await vi.waitFor(async () => expect((await cached()).join()).toContain('making'), { timeout: 60_000 });
  child.kill('SIGTERM');
  expect((await end).ended).toBe('SIGTERM');
  expect(await cached()).toEqual([]);
  expect((await finish(start())).resolved?.from).toBe('built');
});

test('what a killed process left behind is cleared away', async () => {
  const gone = spawn('true');
  await once(gone, 'exit');
  await mkdir(join(folder, 'cache', '.parrot-making-a1b2c3'), { recursive: true });
  await writeFile(join(folder, 'cache', '.parrot-making-a1b2c3', 'parrot'), 'half a parrot');
  await writeFile(join(folder, 'cache', '.parrot.lock'), `${gone.pid} of-a-killed-process`);
  expect((await finish(start())).resolved?.from).toBe('built');
  expect(await cached()).toEqual(['parrot-1.2.3']);
});

test('a version on PATH that is too old is said in one line and not used', async () => {
  const old = await putOnPath('1.2.2');
  const { resolved, said } = await finish(start());
  expect(resolved).toMatchObject({ from: 'built', version: '1.2.3' });
  expect(said.split('\n')).toContain(`${old} is 1.2.2, too old: not used (wanted: 1.2.3 or newer)`);
});

test('a version on PATH that will do is used, and nothing is built', async () => {
  const path = await putOnPath('1.3');
  expect((await finish(start())).resolved).toEqual({ path, version: '1.3', from: 'installed' });
});

test('a build that fails says how to get it by hand, and why, and leaves nothing', async () => {
  await writeFile(join(folder, 'module', 'main.go'), 'package main\n\nfunc main() { dead }\n');
  const { said, ended } = await finish(start());
  expect(ended).toBe(1);
  expect(said).toContain('parrot is missing: buy one at the market.');
  expect(said).toContain('undefined: dead');
  expect(await cached()).toEqual([]);
});
