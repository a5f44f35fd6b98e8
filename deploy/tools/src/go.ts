import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './plain/program.mjs';
import { inWords, type Report } from './plain/report.mjs';
import type { GoSource } from './table.ts';
import { unfit } from './versions.ts';

const minute = 60_000;

// readonly: a build must never change the pins, nor with them the work tree.
const flags = ['-mod=readonly', '-trimpath', '-buildvcs=false'];
const environment = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' };

/** Where a build is asked for: `into` is an existing folder; the program gets the name `name` in it. */
export interface BuildOrder {
  readonly name: string;
  readonly into: string;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** Builds a program from its pinned module. Rejects with what is missing, or with the last lines of the build. */
export async function buildFromGo(source: GoSource, order: BuildOrder): Promise<void> {
  await needGo(source);
  const began = performance.now();
  const all = [...flags, ...source.flags];
  const go = (args: readonly string[], deadlineMs: number, onLine: (line: string) => void) =>
    runProgram('go', args, { cwd: source.folder, env: environment, signal: order.signal, deadlineMs, onLine });
  const progress = (what: string) =>
    order.report.progress(`${order.name}: ${what}, ${inWords(performance.now() - began)}`);

  let modules = 0;
  progress('reading its modules');
  const stale = await go(
    ['list', '-deps', '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', ...all, source.program],
    30 * minute,
    (line) => {
      if (!line.startsWith('go: downloading ')) return;
      modules += 1;
      progress(`${modules} modules downloaded`);
    },
  );
  const total = stale.split('\n').filter((line) => line !== '').length;
  let compiled = 0;
  await go(['build', '-v', ...all, '-o', join(order.into, order.name), source.program], 60 * minute, () => {
    compiled += 1;
    progress(`${Math.min(compiled, total)} of ${total} packages compiled`);
  });
}

async function needGo(source: GoSource): Promise<void> {
  const wanted = /^go (\S+)$/m.exec(await readFile(join(source.folder, 'go.mod'), 'utf8'))?.[1] ?? '1.21';
  const sentence = `Go ${wanted} or newer is needed to build it (https://go.dev/dl)`;
  let said: string;
  try {
    // In the module's folder: a Go from 1.21 fetches the toolchain that go.mod asks for by itself.
    said = await runProgram('go', ['env', 'GOVERSION'], {
      cwd: source.folder,
      env: environment,
      deadlineMs: 10 * minute,
    });
  } catch (cause) {
    throw new Error(`${sentence}, and there is none that runs`, { cause });
  }
  const reason = unfit(said.replace(/^go/, ''), { atLeast: wanted });
  if (reason !== undefined) throw new Error(`${sentence}, and the one on PATH ${reason}`);
}
