import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './plain/program.mjs';
import { type Report, telling } from './plain/report.mjs';
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

/** Builds a program from its pinned module. Rejects with what is missing, or with what the build said. */
export async function buildFromGo(source: GoSource, order: BuildOrder): Promise<void> {
  await needGo(source);
  const all = [...flags, ...source.flags];
  const go = (args: readonly string[], deadlineMs: number, onLine: (line: string) => void) =>
    runProgram('go', args, { cwd: source.folder, env: environment, signal: order.signal, deadlineMs, onLine });
  await telling(order.report, `${order.name}: reading its modules`, async (say) => {
    let modules = 0;
    const stale = await go(
      ['list', '-deps', '-f', '{{if .Stale}}{{.ImportPath}}{{end}}', ...all, source.program],
      30 * minute,
      (line) => {
        if (!line.startsWith('go: downloading ')) return;
        modules += 1;
        say(`${order.name}: ${modules} modules downloaded`);
      },
    );
    const total = stale.split('\n').filter((line) => line !== '').length;
    let compiled = 0;
    const tell = () =>
      say(`${order.name}: ${compiled < total ? `${compiled} of ${total} packages compiled` : 'linking'}`);
    tell();
    await go(['build', '-v', ...all, '-o', join(order.into, order.name), source.program], 60 * minute, () => {
      compiled += 1;
      tell();
    });
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
