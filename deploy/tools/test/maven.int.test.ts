import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { finish, startResolve } from './support/resolving.ts';

let folder: string;
let server: Server;
/** The paths of the requests. */
let requested: string[];
/** The server responds after this promise resolves. */
let gate: Promise<void>;

const contents = (path: string) => `the contents of ${path}`;
const artifacts = Array.from({ length: 12 }, (_, n) => `org/example/part-${n}/1.2/part-${n}-1.2.jar`);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-tools-'));
  await mkdir(join(folder, 'pins'));
  await pin((path) => sha256(contents(path)));
  requested = [];
  gate = Promise.resolve();
  server = createServer(async ({ url = '' }, response) => {
    requested.push(url.slice(1));
    await gate;
    response.end(contents(url.slice(1)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, maxRetries: 5 });
});

const pin = (hashOf: (path: string) => string) =>
  writeFile(join(folder, 'pins', 'artifacts.sha256'), artifacts.map((path) => `${hashOf(path)}  ${path}\n`).join(''));

function start(env: NodeJS.ProcessEnv = { MAVEN_REPOSITORY_URL: repository() }) {
  const tool = {
    name: 'parrot',
    wanted: { atLeast: '1.2' },
    companions: [],
    folders: [],
    source: { kind: 'maven', folder: join(folder, 'pins'), version: '1.2' },
    installHint: 'buy one at the market',
  };
  const environment = { path: process.env.PATH, home: folder, cache: join(folder, 'cache') };
  return startResolve({ tool, environment }, env);
}

function repository(): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the repository has no port');
  return `http://127.0.0.1:${address.port}/`;
}

const cached = () => readdir(join(folder, 'cache'));

test('downloads every artifact once for two processes at the same time', async () => {
  const both = await Promise.all([finish(start()), finish(start())]);
  expect(both.map(({ resolved }) => resolved?.from).sort()).toEqual(['built', 'cache']);
  expect(requested.toSorted()).toEqual(artifacts.toSorted());
  expect(await cached()).toEqual(['parrot-1.2']);
  expect(await readdir(join(folder, 'cache', 'parrot-1.2', 'libs'))).toHaveLength(artifacts.length);
});

test('removes its files when a download is interrupted, and downloads again later', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const child = start();
  const end = finish(child);
  await vi.waitFor(() => expect(requested.length).toBeGreaterThan(0), { timeout: 60_000 });
  child.kill('SIGTERM');
  expect((await end).ended).toBe('SIGTERM');
  expect(await cached()).toEqual([]);
  resolve();
  expect((await finish(start())).resolved?.from).toBe('built');
});

test('rejects an artifact with another hash, and removes its files', async () => {
  await pin((path) => sha256(path === artifacts[7] ? 'something else' : contents(path)));
  const { stderr, ended } = await finish(start());
  expect(ended).toBe(1);
  expect(stderr).toContain('parrot is missing: buy one at the market.');
  expect(stderr).toMatch(new RegExp(`/${artifacts[7]} could not be downloaded: its sha256 is [0-9a-f]{64}, not`));
  expect(await cached()).toEqual([]);
});

const pom = `<project><modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>parrot</artifactId><version>1.2</version><packaging>pom</packaging></project>`;

test.skipIf(spawnSync('mvn', ['--version']).status !== 0)('reads the repository from Maven', async () => {
  await writeFile(join(folder, 'pins', 'pom.xml'), pom);
  await mkdir(join(folder, '.m2'));
  const mirror = `<mirror><id>m</id><mirrorOf>*</mirrorOf><url>${repository()}</url></mirror>`;
  await writeFile(join(folder, '.m2', 'settings.xml'), `<settings><mirrors>${mirror}</mirrors></settings>`);
  const { resolved } = await finish(start({ MAVEN_REPOSITORY_URL: '', MAVEN_OPTS: `-Duser.home=${folder}` }));
  expect(resolved?.from).toBe('built');
  expect(requested.toSorted()).toEqual(artifacts.toSorted());
});

test('explains how to set the repository when there is no Maven', async () => {
  const { stderr, ended } = await finish(start({ MAVEN_REPOSITORY_URL: '', PATH: folder }));
  expect(ended).toBe(1);
  expect(stderr).toContain('Maven (3 or newer) on PATH, or from MAVEN_REPOSITORY_URL, and Maven failed: mvn');
  expect(await cached()).toEqual([]);
});
