import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAttached } from '../../deploy/tools/src/plain/attached.mjs';
import type { Outcome } from './outcome.ts';
import { type Project, readVitestRun, type VitestReport } from './vitest-report.ts';

const minute = 60_000;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Which tests to run: all of the projects, or those whose file or name matches. */
export interface Selection {
  readonly projects: readonly Project[];
  readonly files: readonly string[];
  /** Files that are not to run. */
  readonly without: readonly string[];
  readonly name?: string;
}

/** Runs tests under vitest, which shows its progress; resolves to what came of them, also when vitest crashed. */
export async function runVitest({ projects, files, without, name }: Selection): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-test-'));
  const output = join(folder, 'report.json');
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${output}`,
    ...projects.flatMap((project) => ['--project', project]),
    ...without.map((file) => `--exclude=${file}`),
    ...(name === undefined ? [] : ['--testNamePattern', name]),
    ...files,
  ];
  try {
    const { code } = await runAttached(process.execPath, args, { deadlineMs: 85 * minute });
    const report = await readReport(output);
    const narrowed = files.length > 0 || name !== undefined;
    return readVitestRun({ projects, narrowed, root, exitCode: code, ...(report && { report }) });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readReport(path: string): Promise<VitestReport | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // A runner that crashed leaves none or half of one; that it did counts as a failure of its own.
    return undefined;
  }
}
