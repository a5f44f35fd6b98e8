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
/** Paths that were asked for. */
let asked: string[];
/** While it waits, nothing is answered. */
let gate: Promise<void>;

const contents = (path: string) => `the contents of ${path}`;
const artifacts = Array.from({ length: 12 }, (_, n) => `org/example/part-${n}/1.2/part-${n}-1.2.jar`);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-tools-'));
  await mkdir(join(folder, 'pins'));
  await pin((path) => sha256(contents(path)));
  asked = [];
  gate = Promise.resolve();
  server = createServer(async ({ url = '' }, response) => {
    asked.push(url.slice(1));
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
    beside: [],
    places: [],
    source: { kind: 'maven', folder: join(folder, 'pins'), version: '1.2' },
    byHand: 'buy one at the market',
  };
  const around = { path: process.env.PATH, home: folder, cache: join(folder, 'cache') };
  return startResolve({ tool, around }, env);
}

function repository(): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the repository has no port');
  return `http://127.0.0.1:${address.port}/`;
}

const cached = () => readdir(join(folder, 'cache'));

test('two processes that ask at once fetch every artifact once', async () => {
  const both = await Promise.all([finish(start()), finish(start())]);
  expect(both.map(({ resolved }) => resolved?.from).sort()).toEqual(['built', 'cache']);
  expect(asked.toSorted()).toEqual(artifacts.toSorted());
  expect(await cached()).toEqual(['parrot-1.2']);
  expect(await readdir(join(folder, 'cache', 'parrot-1.2', 'libs'))).toHaveLength(artifacts.length);
});

test('a download that is interrupted leaves nothing, and the next one succeeds', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const child = start();
  const end = finish(child);
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0), { timeout: 60_000 });
  child.kill('SIGTERM');
  expect((await end).ended).toBe('SIGTERM');
  expect(await cached()).toEqual([]);
  resolve();
  expect((await finish(start())).resolved?.from).toBe('built');
});

test('an artifact with other contents is refused, and nothing is left', async () => {
  await pin((path) => sha256(path === artifacts[7] ? 'something else' : contents(path)));
  const { said, ended } = await finish(start());
  expect(ended).toBe(1);
  expect(said).toContain('parrot is missing: buy one at the market.');
  expect(said).toMatch(new RegExp(`/${artifacts[7]} could not be fetched: its sha256 is [0-9a-f]{64}, not`));
  expect(await cached()).toEqual([]);
});

const pom = `<project><modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId><artifactId>parrot</artifactId><version>1.2</version><packaging>pom</packaging></project>`;

test.skipIf(spawnSync('mvn', ['--version']).status !== 0)('Maven says where artifacts are', async () => {
  await writeFile(join(folder, 'pins', 'pom.xml'), pom);
  await mkdir(join(folder, '.m2'));
  const mirror = `<mirror><id>m</id><mirrorOf>*</mirrorOf><url>${repository()}</url></mirror>`;
  await writeFile(join(folder, '.m2', 'settings.xml'), `<settings><mirrors>${mirror}</mirrors></settings>`);
  const { resolved } = await finish(start({ MAVEN_REPOSITORY_URL: '', MAVEN_OPTS: `-Duser.home=${folder}` }));
  expect(resolved?.from).toBe('built');
  expect(asked.toSorted()).toEqual(artifacts.toSorted());
});

test('without Maven, and not told where, it says how it can be told', async () => {
  const { said, ended } = await finish(start({ MAVEN_REPOSITORY_URL: '', PATH: folder }));
  expect(ended).toBe(1);
  expect(said).toContain('Maven (3 or newer) on PATH, or from MAVEN_REPOSITORY_URL, and Maven cannot be asked: mvn');
  expect(await cached()).toEqual([]);
});
