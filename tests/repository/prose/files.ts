import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isChecked } from './sources.ts';

/** Files without prose of this repository, and those that quote the wording that is to be avoided. */
const LEFT_OUT = [
  /(^|\/)package-lock\.json$/u,
  /\/compatibility\/published\//u,
  /\/tests\/repository\/prose(\/rules|\.unit\.test)\.ts$/u,
];

/** The files with prose below some paths, as git lists them. The paths may be in any checkout. */
export function proseFiles(paths: readonly string[]): string[] {
  return paths
    .map((path) => resolve(path))
    .flatMap((path) => (statSync(path).isDirectory() ? listFiles(path) : [path]))
    .filter((file) => isChecked(file) && !LEFT_OUT.some((pattern) => pattern.test(file)) && existsSync(file));
}

function listFiles(folder: string): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const listed = execFileSync('git', args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 });
  return listed
    .split('\0')
    .filter(Boolean)
    .sort()
    .map((file) => resolve(folder, file));
}
