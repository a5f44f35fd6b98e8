import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BuildOrder } from './go.ts';
import { runProgram } from './plain/program.mjs';
import { telling } from './plain/report.mjs';
import type { MavenSource } from './table.ts';

const fetchesAtATime = 6;
const attempts = 3;
const artifactDeadlineMs = 5 * 60_000;
const mavenDeadlineMs = 2 * 60_000;

/** One file of a Maven repository, and what must be in it. */
export interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

/**
 * Fetches the pinned artifacts and puts a script of the tool's name beside them: `NAME CLASS [ARGUMENT...]` runs a class with
 * the Java that the variable JAVA names. Rejects with what could not be had, from where.
 */
export async function fetchFromMaven(source: MavenSource, order: BuildOrder): Promise<void> {
  const artifacts = readArtifacts(await readFile(join(source.folder, 'artifacts.sha256'), 'utf8'));
  const from = await repository(source, order);
  const libs = join(order.into, 'libs');
  await mkdir(libs);
  await telling(order.report, `${order.name}: asking ${from}`, async (say) => {
    let [files, bytes] = [0, 0];
    const tell = () =>
      say(`${order.name}: ${files} of ${artifacts.length} artifacts, ${(bytes / 1e6).toFixed(1)} MB downloaded`);
    const left = artifacts.values();
    const worker = async () => {
      for (const artifact of left) {
        bytes += await fetchArtifact(artifact, { from, into: libs, signal: order.signal });
        files += 1;
        tell();
      }
    };
    await Promise.all(Array.from({ length: fetchesAtATime }, worker));
  });
  await writeLauncher(order, source.version);
}

/** Reads lines of `sha256sum`. */
export function readArtifacts(text: string): Artifact[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, sha256, path] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (sha256 === undefined || path === undefined) throw new Error(`no artifact with its sha256: ${line}`);
      return { path, sha256 };
    });
}

/** Resolves with the size in bytes. */
async function fetchArtifact(
  { path, sha256 }: Artifact,
  { from, into, signal }: { from: string; into: string; signal: AbortSignal },
): Promise<number> {
  const url = `${from}/${path}`;
  const file = join(into, basename(path));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchOnce(url, file, sha256, AbortSignal.any([signal, AbortSignal.timeout(artifactDeadlineMs)]));
    } catch (cause) {
      await rm(file, { force: true });
      signal.throwIfAborted();
      if (attempt === attempts) throw new Error(`${url} could not be fetched: ${reasonOf(cause)}`, { cause });
    }
  }
}

async function fetchOnce(url: string, file: string, sha256: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) throw new Error(`it is answered ${response.status}`);
  const hash = createHash('sha256');
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body), measured, createWriteStream(file), { signal });
  const got = hash.digest('hex');
  if (got !== sha256) throw new Error(`its sha256 is ${got}, not ${sha256}`);
  return bytes;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** Where artifacts come from: the variable MAVEN_REPOSITORY_URL, or what Maven itself would ask, mirrors and all. */
async function repository(source: MavenSource, order: BuildOrder): Promise<string> {
  const given = process.env.MAVEN_REPOSITORY_URL || repositoryIn(await whatMavenPlans(source, order));
  if (given === undefined) throw new Error('Maven does not say where it gets artifacts; MAVEN_REPOSITORY_URL can');
  return given.replace(/\/+$/, '');
}

/** The plan of a build that does nothing, in which Maven names its repositories. It asks nobody for that. */
async function whatMavenPlans({ folder }: MavenSource, { into, signal }: BuildOrder): Promise<string> {
  const scratch = join(into, 'm2');
  const quiet = ['--batch-mode', '--offline', '--non-recursive', `-Dmaven.repo.local=${scratch}`];
  try {
    const args = ['--debug', ...quiet, '--file', join(folder, 'pom.xml'), 'validate'];
    return await runProgram('mvn', args, { signal, deadlineMs: mavenDeadlineMs });
  } catch (cause) {
    signal.throwIfAborted();
    const sentence = 'where artifacts are is known from Maven (3 or newer) on PATH, or from MAVEN_REPOSITORY_URL';
    throw new Error(`${sentence}, and Maven cannot be asked: ${reasonOf(cause)}`, { cause });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The URL of the repository that Maven's plan names first for dependencies. */
export function repositoryIn(plan: string): string | undefined {
  return /Repositories \(dependencies\): \[\S+ \((https?:[^\s,)]+)/.exec(plan)?.[1];
}

async function writeLauncher({ name, into }: BuildOrder, version: string): Promise<void> {
  const script = [
    '#!/bin/sh',
    `if [ "$1" = --version ]; then echo ${version}; exit; fi`,
    'here=$(dirname "$(readlink -f "$0")")',
    `exec "\${JAVA:-java}" -cp "$here/libs/*" "$@"`,
  ];
  await writeFile(join(into, name), `${script.join('\n')}\n`);
  await chmod(join(into, name), 0o755);
}
