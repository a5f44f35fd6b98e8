import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './program.ts';
import { type ProgressReport, withProgress } from './report.ts';
import type { GoSource } from './table.ts';
import { unsupportedReason } from './versions.ts';

const MINUTE = 60_000;

// readonly: a build must not change the pins.
const FLAGS = ['-mod=readonly', '-trimpath', '-buildvcs=false'];
const ENVIRONMENT = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' };

/** A tool to be built. `into` is an existing folder; the program gets the name `name` in that folder. */
export interface BuildRequest {
  readonly name: string;
  readonly into: string;
  readonly signal: AbortSignal;
  readonly report: ProgressReport;
}

/** Builds a program from its pinned module. Rejects with the missing requirement or the output of the build. */
export async function buildFromGo(source: GoSource, request: BuildRequest): Promise<void> {
  await requireGo(source);
  const { name, into, signal, report } = request;
  const flags = [...FLAGS, ...source.flags];
  const go = (args: readonly string[], deadlineMs: number, onLine: (line: string) => void) =>
    runProgram('go', args, { cwd: source.folder, env: ENVIRONMENT, signal, deadlineMs, onLine });
  await withProgress(report, `${name}: reading its modules`, async (setStatus) => {
    let modules = 0;
    const stale = await go(
      ['list', '-deps', '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', ...flags, source.program],
      30 * MINUTE,
      (line) => {
        if (!line.startsWith('go: downloading ')) return;
        modules += 1;
        setStatus(`${name}: ${modules} modules downloaded`);
      },
    );
    const total = stale.split('\n').filter((line) => line !== '').length;
    let compiled = 0;
    const showCount = () =>
      setStatus(`${name}: ${compiled < total ? `${compiled} of ${total} packages compiled` : 'linking'}`);
    showCount();
    await go(['build', '-v', ...flags, '-o', join(into, name), source.program], 60 * MINUTE, () => {
      compiled += 1;
      showCount();
    });
  });
}

/** A hash of the module's own files and of the flags. A cached program with another hash is out of date. */
export async function fingerprintOf({ folder, program, flags }: GoSource): Promise<string> {
  const hash = createHash('sha256').update([program, ...flags].join('\n'));
  const files = await Array.fromAsync(glob('**/{*.go,go.mod,go.sum}', { cwd: folder }));
  for (const file of files.toSorted()) hash.update(`\n${file}\n`).update(await readFile(join(folder, file)));
  return hash.digest('hex');
}

async function requireGo(source: GoSource): Promise<void> {
  const wanted = /^go (\S+)$/m.exec(await readFile(join(source.folder, 'go.mod'), 'utf8'))?.[1] ?? '1.21';
  const requirement = `Building it requires Go ${wanted} or newer (https://go.dev/dl)`;
  let version: string;
  try {
    // In the module's folder: Go 1.21 and newer download the toolchain that go.mod names.
    version = await runProgram('go', ['env', 'GOVERSION'], {
      cwd: source.folder,
      env: ENVIRONMENT,
      deadlineMs: 10 * MINUTE,
    });
  } catch (cause) {
    throw new Error(`${requirement}, and no Go could be run`, { cause });
  }
  const reason = unsupportedReason(version.replace(/^go/, ''), { atLeast: wanted });
  if (reason !== undefined) throw new Error(`${requirement}, and the Go on PATH ${reason}`);
}
