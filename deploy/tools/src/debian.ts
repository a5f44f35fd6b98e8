import { existsSync } from 'node:fs';
import { chmod, glob, mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { BuildOrder } from './go.ts';
import { runProgram } from './plain/program.mjs';
import { telling } from './plain/report.mjs';
import type { DebianSource } from './table.ts';

const minute = 60_000;

/**
 * Unpacks a distribution's packages, and those they need that this machine lacks, into a folder. Nothing is installed:
 * it needs no rights, changes nothing on the system and starts no service. The programs become scripts in `into`.
 */
export async function unpackFromDebian(
  source: DebianSource,
  programs: readonly string[],
  order: BuildOrder,
): Promise<void> {
  const work = join(order.into, 'apt');
  const root = join(order.into, 'root');
  const apt = (args: readonly string[], deadlineMs: number) =>
    runProgram('apt-get', [...args, ...privateState(work)], { cwd: work, signal: order.signal, deadlineMs });

  for (const folder of ['lists/partial', 'cache/archives/partial']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  await telling(order.report, `${order.name}: reading the package lists of the distribution`, async (say) => {
    try {
      await apt(['update'], 5 * minute);
    } catch (cause) {
      throw new Error('the package lists of this distribution could not be read by apt-get', { cause });
    }
    const plan = await apt(['install', '--simulate', '--no-install-recommends', ...source.packages], minute);
    const names = plannedPackages(plan);
    say(`${order.name}: downloading ${names.length} packages`);
    if (names.length > 0) await apt(['download', ...names], 15 * minute);
    const archives = (await readdir(work)).filter((file) => file.endsWith('.deb'));
    for (const [index, archive] of archives.entries()) {
      say(`${order.name}: unpacking ${index + 1} of ${archives.length} packages`);
      await runProgram('dpkg-deb', ['-x', join(work, archive), root], {
        signal: order.signal,
        deadlineMs: 5 * minute,
      });
    }
  });
  await rm(work, { recursive: true });
  await keepLinksInside(root);
  await writeLaunchers(source, programs, order.into);
}

/** The packages that `apt-get install --simulate` says it would install. */
export function plannedPackages(plan: string): string[] {
  return [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '');
}

/** Settings that keep apt's own state out of the system's, so that it works without rights and disturbs no one. */
function privateState(work: string): string[] {
  const settings = [
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    'Debug::NoLocking=true',
    'APT::Sandbox::User=root',
  ];
  return ['-q', '-y', ...settings.flatMap((setting) => ['-o', setting])];
}

/** Points the links that lead to a file of the same packages there: Java's settings are links to absolute paths in /etc. */
export async function keepLinksInside(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = await readlink(link);
    const inside = join(root, target);
    if (!isAbsolute(target) || !existsSync(inside)) continue;
    await rm(link);
    // Relative, since the folder is moved once it is complete.
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
