import { existsSync } from 'node:fs';
import { chmod, glob, mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { BuildRequest } from './go.ts';
import { runProgram } from './program.ts';
import { withProgress } from './report.ts';
import type { DebianSource } from './table.ts';

const MINUTE = 60_000;

/**
 * Unpacks a distribution's packages, and their dependencies that this machine lacks, into a folder. The system is not
 * changed, no rights are needed and no service starts. Each program becomes a script in `into`.
 */
export async function unpackFromDebian(
  source: DebianSource,
  programs: readonly string[],
  request: BuildRequest,
): Promise<void> {
  const work = join(request.into, 'apt');
  const root = join(request.into, 'root');
  const apt = (args: readonly string[], deadlineMs: number) =>
    runProgram('apt-get', [...args, ...privateState(work)], { cwd: work, signal: request.signal, deadlineMs });

  for (const folder of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  await withProgress(
    request.report,
    `${request.name}: reading the package lists of the distribution`,
    async (setStatus) => {
      try {
        await apt(['update'], 5 * MINUTE);
      } catch (cause) {
        throw new Error('apt-get could not read the package lists of this distribution', { cause });
      }
      const plan = await apt(['install', '--simulate', '--no-install-recommends', ...source.packages], MINUTE);
      const names = plannedPackages(plan);
      setStatus(`${request.name}: downloading ${names.length} packages`);
      if (names.length > 0) await apt(['download', ...names], 15 * MINUTE);
      const archives = (await readdir(work)).filter((file) => file.endsWith('.deb'));
      for (const [index, archive] of archives.entries()) {
        setStatus(`${request.name}: unpacking ${index + 1} of ${archives.length} packages`);
        await runProgram('dpkg-deb', ['-x', join(work, archive), root], {
          signal: request.signal,
          deadlineMs: 5 * MINUTE,
        });
      }
    },
  );
  await rm(work, { recursive: true });
  await keepLinksInside(root);
  await writeLaunchers(source, programs, request.into);
}

/** The packages that `apt-get install --simulate` would install. */
export function plannedPackages(plan: string): string[] {
  return [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '');
}

/** Settings that keep apt's state out of the system's folders, so that apt needs no rights and no lock. */
function privateState(work: string): string[] {
  const settings = [
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Debug::NoLocking=true',
    'APT::Sandbox::User=root',
  ];
  return ['-q', '-y', ...settings.flatMap((setting) => ['-o', setting])];
}

/** Changes absolute links to files of the same packages into relative ones: Java's settings are links into /etc. */
export async function keepLinksInside(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = await readlink(link);
    const inside = join(root, target);
    if (!isAbsolute(target) || !existsSync(inside)) continue;
    await rm(link);
    // Relative, because the folder is moved when it is complete.
    await symlink(relative(entry.parentPath, inside), link);
  }
}

async function writeLaunchers(source: DebianSource, programs: readonly string[], into: string): Promise<void> {
  const [folder] = await Array.fromAsync(glob(join('root', source.folder), { cwd: into }));
  if (folder === undefined) throw new Error(`no ${source.folder} in the packages ${source.packages.join(', ')}`);
  const libraries = await Array.fromAsync(glob('root/{usr/,}lib/*-linux-gnu*{,/pulseaudio}', { cwd: into }));
  const path = libraries.map((library) => `"$here/${library}"`).join(':');
  for (const program of programs) {
    const script = [
      '#!/bin/sh',
      'here=$(dirname "$(readlink -f "$0")")',
      `LD_LIBRARY_PATH=${path}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}`,
      'export LD_LIBRARY_PATH',
      `exec "$here/${folder}/${program}" "$@"`,
    ];
    await writeFile(join(into, program), `${script.join('\n')}\n`);
    await chmod(join(into, program), 0o755);
  }
}
