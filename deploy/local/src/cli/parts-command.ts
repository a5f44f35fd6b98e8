import { readFlags } from '@standing-order/tools/flags';
import type { Request } from '../control/protocol.ts';
import { socketPath } from '../options.ts';
import type { PartView } from '../parts/spec.ts';
import { partActions } from '../supervisor.ts';
import { dataDirOf } from './start-command.ts';

export const partsHelp = `npm run parts -- list
npm run parts -- stop|kill|freeze|thaw|start NAME

Shows and moves the parts of the platform that "npm start" runs. A part that is down, for whatever reason, stays down
until it is started.

  stop     lets it finish (SIGTERM)          start   starts it again, same ports, same data
  kill     ends it at once (SIGKILL)
  freeze   stops it where it is (SIGSTOP)    thaw    lets it go on (SIGCONT)

  --json          print the parts as JSON
  --data-dir DIR  of the platform, if it was started with one
  --help          this text`;

export type PartsCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  | { readonly kind: 'ask'; readonly request: Request; readonly socket: string; readonly json: boolean };

/** Reads the command line of `npm run parts`. */
export function parseParts(argv: readonly string[]): PartsCommand {
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

function requestOf([word, part]: readonly string[], faults: string[]): Request | undefined {
  if (word === 'list') {
    if (part !== undefined) faults.push(`unexpected: ${part}`);
    return { action: 'list' };
  }
  const action = partActions.find((known) => known === word);
  if (action === undefined) {
    faults.push(`${word === undefined ? 'say what to do' : `there is no "${word}"`}: list, ${partActions.join(', ')}`);
    return undefined;
  }
  if (part === undefined) {
    faults.push(`${action} needs the name of a part; "list" shows them`);
    return undefined;
  }
  return { action, part };
}

/** The parts as a table, one line each. */
export function tableOf(parts: readonly PartView[]): string {
  const rows = [
    ['NAME', 'STATE', 'PID', 'PORT', 'UP', ''],
    ...parts.map(({ name, state, pid, ports, uptimeSeconds, ended }) => [
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
