import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BuildRequest } from './go.ts';
import { runProgram } from './program.ts';
import { reasonOf } from './reason.ts';
import { withProgress } from './report.ts';
import type { MavenSource } from './table.ts';

const CONCURRENT_DOWNLOADS = 6;
const MAX_ATTEMPTS = 3;
const ARTIFACT_DEADLINE_MS = 5 * 60_000;
const MAVEN_DEADLINE_MS = 2 * 60_000;

/** One file of a Maven repository, and the hash of its contents. */
export interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

/**
 * Downloads the pinned artifacts and writes a script with the tool's name beside them: `NAME CLASS [ARGUMENT...]` runs a
 * class with the Java of the variable JAVA. Rejects with the URL of an artifact that could not be downloaded.
 *
 * This does not use Maven's own plugins: it also works without Maven (MAVEN_REPOSITORY_URL), and the hashes are pinned here.
 */
export async function downloadFromMaven(source: MavenSource, request: BuildRequest): Promise<void> {
  const artifacts = readArtifacts(await readFile(join(source.folder, 'artifacts.sha256'), 'utf8'));
  const url = await repositoryUrl(source, request);
  const libs = join(request.into, 'libs');
  await mkdir(libs);
  await withProgress(request.report, `${request.name}: downloading from ${url}`, async (setStatus) => {
    let [files, bytes] = [0, 0];
    const showCount = () =>
      setStatus(
        `${request.name}: ${files} of ${artifacts.length} artifacts, ${(bytes / 1e6).toFixed(1)} MB downloaded`,
      );
    const remaining = artifacts.values();
    const worker = async () => {
      for (const artifact of remaining) {
        bytes += await downloadArtifact(artifact, { repository: url, into: libs, signal: request.signal });
        files += 1;
        showCount();
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_DOWNLOADS }, worker));
  });
  await writeLauncher(request, source.version);
}

/** Reads lines of `sha256sum`. */
export function readArtifacts(text: string): Artifact[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, sha256, path] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (sha256 === undefined || path === undefined) throw new Error(`not an artifact with its sha256: ${line}`);
      return { path, sha256 };
    });
}

/** Resolves with the size in bytes. */
async function downloadArtifact(
  { path, sha256 }: Artifact,
  { repository, into, signal }: { repository: string; into: string; signal: AbortSignal },
): Promise<number> {
  const url = `${repository}/${path}`;
  const file = join(into, basename(path));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await downloadOnce(
        url,
        file,
        sha256,
        AbortSignal.any([signal, AbortSignal.timeout(ARTIFACT_DEADLINE_MS)]),
      );
    } catch (cause) {
      await rm(file, { force: true });
      signal.throwIfAborted();
      if (attempt === MAX_ATTEMPTS) throw new Error(`${url} could not be downloaded: ${reasonOf(cause)}`, { cause });
    }
  }
}

async function downloadOnce(url: string, file: string, sha256: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) throw new Error(`the response has status ${response.status}`);
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
  const actual = hash.digest('hex');
  if (actual !== sha256) throw new Error(`its sha256 is ${actual}, not ${sha256}`);
  return bytes;
}

/** The repository of the variable MAVEN_REPOSITORY_URL, or the one that Maven uses here, which may be a mirror. */
async function repositoryUrl(source: MavenSource, request: BuildRequest): Promise<string> {
  const url = process.env.MAVEN_REPOSITORY_URL || repositoryIn(await readMavenPlan(source, request));
  if (url === undefined) throw new Error('Maven names no repository: set MAVEN_REPOSITORY_URL');
  return url.replace(/\/+$/, '');
}

/** The plan of an empty build, in which Maven names its repositories. Maven sends no request for that. */
async function readMavenPlan({ folder }: MavenSource, { into, signal }: BuildRequest): Promise<string> {
  const scratch = join(into, 'm2');
  const quiet = ['--batch-mode', '--offline', '--non-recursive', `-Dmaven.repo.local=${scratch}`];
  try {
    const args = ['--debug', ...quiet, '--file', join(folder, 'pom.xml'), 'validate'];
    return await runProgram('mvn', args, { signal, deadlineMs: MAVEN_DEADLINE_MS });
  } catch (cause) {
    signal.throwIfAborted();
    const hint = 'the URL of the repository comes from Maven (3 or newer) on PATH, or from MAVEN_REPOSITORY_URL';
    throw new Error(`${hint}, and Maven failed: ${reasonOf(cause)}`, { cause });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The URL of the first repository for dependencies in Maven's plan. */
export function repositoryIn(plan: string): string | undefined {
  return /Repositories \(dependencies\): \[\S+ \((https?:[^\s,)]+)/.exec(plan)?.[1];
}

async function writeLauncher({ name, into }: BuildRequest, version: string): Promise<void> {
  const script = [
    '#!/bin/sh',
    `if [ "$1" = --version ]; then echo ${version}; exit; fi`,
    'here=$(dirname "$(readlink -f "$0")")',
    `exec "\${JAVA:-java}" -cp "$here/libs/*" "$@"`,
  ];
  await writeFile(join(into, name), `${script.join('\n')}\n`);
  await chmod(join(into, name), 0o755);
}
