import type { IdleProcess, IdleRun } from '../scenarios/idle.ts';
import { number, table } from './table.ts';

/** Thousandths of a core. */
const milli = (cores: number): string => number(1000 * cores);

const KINDS = ['service', 'sidecar', 'store'] as const;

/** The activity of the processes of an idle platform. */
export function idleReport({ seconds, processes }: IdleRun): string {
  const rows = KINDS.flatMap((kind) => {
    const ofKind = processes.filter((each) => each.kind === kind);
    const sum = (value: (each: IdleProcess) => number) => ofKind.reduce((total, each) => total + value(each), 0);
    const total = [
      `all of kind ${kind}`,
      milli(sum(({ cores }) => cores)),
      number(sum((each) => each.wakeups)),
      '',
      '',
    ];
    return [...ofKind.map(row), total];
  });
  const all = processes.reduce((total, { cores }) => total + cores, 0);
  return [
    '### Idle (a platform as with `npm start`, no load)',
    `Per second, over ${seconds} s. mcores: thousandths of a core. All processes together: ${milli(all)} mcores.`,
    table(['process', 'mcores', 'wake-ups', 'calls to the sidecar', 'Redis commands'], rows),
  ].join('\n\n');
}

function row({ name, cores, wakeups, calls, commands = {} }: IdleProcess): string[] {
  const names = Object.entries(commands)
    .sort(([, a], [, b]) => b - a)
    .map(([command, rate]) => `${command} ${number(rate)}`);
  return [name, milli(cores), number(wakeups), calls === undefined ? '' : number(calls), names.join(', ')];
}
