import { Argument, type Command, createCommand } from '@standing-order/tools/cli';
import type { ControlRequest } from '../control/protocol.ts';
import { socketPath } from '../options.ts';
import type { ProcessView } from '../processes/spec.ts';
import { PROCESS_ACTIONS, type ProcessAction } from '../supervisor.ts';
import { dataDirOf } from './start-command.ts';

/** A request to the platform that runs in a data directory. */
export interface ProcessesOptions {
  readonly request: ControlRequest;
  /** Path of the platform's control socket. */
  readonly socket: string;
  /** Print JSON instead of a table. */
  readonly json: boolean;
}

interface SharedOptions {
  readonly dataDir?: string;
  readonly json?: true;
}

const DESCRIPTIONS: Readonly<Record<ProcessAction, string>> = {
  start: 'start a process again, with the same ports and data',
  stop: 'end a process in order (SIGTERM)',
  kill: 'end a process at once (SIGKILL)',
  pause: 'pause a process (SIGSTOP)',
  resume: 'resume a paused process (SIGCONT)',
};

/** The command `npm run processes`. `run` gets the request. */
export function createProcessesCommand(run: (options: ProcessesOptions) => Promise<void>): Command {
  const program = createCommand(
    'processes',
    'Shows and controls the processes that "npm start" runs. A process that is down stays down until it is started.',
  );
  const send = (request: ControlRequest, { dataDir, json }: SharedOptions) =>
    run({ request, socket: socketPath(dataDirOf(dataDir)), json: json === true });
  const subcommand = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('--json', 'print the processes as JSON')
      .option('--data-dir <path>', "the platform's data directory (default: .standing-order/local)");
  subcommand('list', 'list the processes').action((options: SharedOptions) => send({ action: 'list' }, options));
  for (const action of PROCESS_ACTIONS) {
    subcommand(action, DESCRIPTIONS[action])
      .addArgument(new Argument('<name>', 'name of the process, as in the list'))
      .action((process: string, options: SharedOptions) => send({ action, process }, options));
  }
  return program;
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
