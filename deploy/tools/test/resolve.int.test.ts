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
  // Without fmt and os, which take long to compile on a busy machine.
  await writeFile(
    join(module, 'main.go'),
    'package main\n\nimport "syscall"\n\nfunc main() { syscall.Write(1, []byte("parrot 1.2.3\\n")) }\n',
  );
  tool = {
    name: 'parrot',
    wanted: { atLeast: '1.2.3' },
    companions: [],
    folders: [],
    source: { kind: 'go', folder: module, program: 'example.test/parrot', flags: [] },
    installHint: 'buy one at the market',
  };
});

afterEach(async () => {
  await rm(folder, { recursive: true, maxRetries: 5 });
});

/** `slow` builds with an empty Go cache, which takes long enough for another process to find the build running. */
function start({ slow = false } = {}): ChildProcess {
  const environment = { path: join(folder, 'path'), home: folder, cache: join(folder, 'cache') };
  return startResolve({ tool, environment }, slow ? { GOCACHE: join(folder, 'gocache') } : {});
}

async function putOnPath(version: string, { onStderr = false } = {}): Promise<string> {
  const path = join(folder, 'path', 'parrot');
  await writeFile(path, `#!/bin/sh\necho parrot ${version}${onStderr ? ' >&2' : ''}\n`);
  await chmod(path, 0o755);
  return path;
}

const cached = () => readdir(join(folder, 'cache'));

test('builds once for two processes at the same time', async () => {
  const both = await Promise.all([finish(start({ slow: true })), finish(start({ slow: true }))]);
  expect(both.map(({ resolved }) => resolved?.from).sort()).toEqual(['built', 'cache']);
  expect(both[0].resolved?.path).toBe(both[1].resolved?.path);
  expect(await cached()).toEqual(['parrot-1.2.3']);
});

test('builds again when the sources have changed', async () => {
  expect((await finish(start())).resolved?.from).toBe('built');
  expect((await finish(start())).resolved?.from).toBe('cache');
  const main = join(folder, 'module', 'main.go');
  await writeFile(main, (await readFile(main, 'utf8')).replace('1.2.3', '1.2.4'));
  expect((await finish(start())).resolved).toMatchObject({ from: 'built', version: '1.2.4' });
  expect(await cached()).toEqual(['parrot-1.2.3']);
});

test('does not change the pins', async () => {
  const before = await readFile(join(folder, 'module', 'go.mod'), 'utf8');
  await finish(start());
  expect(await readFile(join(folder, 'module', 'go.mod'), 'utf8')).toBe(before);
  expect(await readdir(join(folder, 'module'))).toEqual(['go.mod', 'main.go']);
});

test('removes its files when a build is interrupted, and builds again later', async () => {
  const child = start({ slow: true });
  const end = finish(child);
  await vi.waitFor(async () => expect((await cached()).join()).toContain('building'), { timeout: 60_000 });
  child.kill('SIGTERM');
  expect((await end).ended).toBe('SIGTERM');
  expect(await cached()).toEqual([]);
  expect((await finish(start())).resolved?.from).toBe('built');
});

test('removes the files of a killed process', async () => {
  const gone = spawn('true');
  await once(gone, 'exit');
  await mkdir(join(folder, 'cache', '.parrot-building-a1b2c3'), { recursive: true });
  await writeFile(join(folder, 'cache', '.parrot-building-a1b2c3', 'parrot'), 'half a parrot');
  await writeFile(join(folder, 'cache', '.parrot.lock'), `${gone.pid} of-a-killed-process`);
  expect((await finish(start())).resolved?.from).toBe('built');
  expect(await cached()).toEqual(['parrot-1.2.3']);
});

test('prints one line about a version on PATH that is too old, and does not use it', async () => {
  const old = await putOnPath('1.2.2');
  const { resolved, stderr } = await finish(start());
  expect(resolved).toMatchObject({ from: 'built', version: '1.2.3' });
  expect(stderr.split('\n')).toContain(`${old} is 1.2.2, too old: not used (wanted: 1.2.3 or newer)`);
});

test('uses a supported version on PATH instead of building', async () => {
  const path = await putOnPath('1.3');
  expect((await finish(start())).resolved).toEqual({ path, version: '1.3', from: 'installed' });
});

test('reads a version that a program prints on stderr', async () => {
  const path = await putOnPath('1.3', { onStderr: true });
  expect((await finish(start())).resolved).toEqual({ path, version: '1.3', from: 'installed' });
});

test('prints an installation hint and the reason when a build fails, and removes its files', async () => {
  await writeFile(join(folder, 'module', 'main.go'), 'package main\n\nfunc main() { dead }\n');
  const { stderr, ended } = await finish(start());
  expect(ended).toBe(1);
  expect(stderr).toContain('parrot is missing: buy one at the market.');
  expect(stderr).toContain('undefined: dead');
  expect(await cached()).toEqual([]);
});
