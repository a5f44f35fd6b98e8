import { readFlags } from '@standing-order/tools/flags';
import type { Request } from '../control/protocol.ts';
import { socketPath } from '../options.ts';
import type { ProcessView } from '../processes/spec.ts';
import { PROCESS_ACTIONS } from '../supervisor.ts';
import { dataDirOf } from './start-command.ts';

export const PROCESSES_HELP = `npm run processes -- list
npm run processes -- stop|kill|pause|resume|start NAME

Shows and moves the processes of the platform that "npm start" runs. A process that is down, for whatever reason, stays down
until it is started.

  stop     lets it finish (SIGTERM)          start   starts it again, same ports, same data
  kill     ends it at once (SIGKILL)
  pause   stops it where it is (SIGSTOP)    resume    lets it go on (SIGCONT)

  --json          print the processes as JSON
  --data-dir DIR  of the platform, if it was started with one
  --help          this text`;

export type ProcessesCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  | { readonly kind: 'ask'; readonly request: Request; readonly socket: string; readonly json: boolean };

/** Reads the command line of `npm run processes`. */
export function parseProcesses(argv: readonly string[]): ProcessesCommand {
  const flags = readFlags(argv, { values: ['data-dir'], switches: ['json', 'help'], maxWords: 2 });
  if (flags.switches.has('help')) return { kind: 'help' };
  const faults = [...flags.faults];
  const request = requestOf(flags.words, faults);
  if (request === undefined || faults.length > 0) return { kind: 'faults', faults };
  return {
    kind: 'ask',
    request,
    socket: socketPath(dataDirOf(flags.values.get('data-dir'))),
    json: flags.switches.has('json'),
  };
}

function requestOf([word, managed]: readonly string[], faults: string[]): Request | undefined {
  if (word === 'list') {
    if (managed !== undefined) faults.push(`unexpected: ${managed}`);
    return { action: 'list' };
  }
  const action = PROCESS_ACTIONS.find((known) => known === word);
  if (action === undefined) {
    faults.push(
      `${word === undefined ? 'say what to do' : `there is no "${word}"`}: list, ${PROCESS_ACTIONS.join(', ')}`,
    );
    return undefined;
  }
  if (managed === undefined) {
    faults.push(`${action} needs the name of a process; "list" shows them`);
    return undefined;
  }
  return { action, process: managed };
}

/** The processes as a table, one line each. */
export function tableOf(processes: readonly ProcessView[]): string {
  const rows = [
    ['NAME', 'STATE', 'PID', 'PORT', 'UP', ''],
    ...processes.map(({ name, state, pid, ports, uptimeSeconds, ended }) => [
      name,
      state,
      String(pid ?? '-'),
      String(ports[0]),
      uptimeSeconds === undefined ? '-' : `${uptimeSeconds} s`,
      pid === undefined ? (ended ?? '') : '',
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
