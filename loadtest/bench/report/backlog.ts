import type { PerOrder } from '../measure/per-order.ts';
import type { BacklogRun } from '../scenarios/backlog.ts';
import type { Settings } from '../settings.ts';
import { number, table } from './table.ts';

/** The processor time of one order in the drain, as a sentence. */
function drainCosts({ cpuMs, redisCommands, stateOperations, messages }: PerOrder): string {
  const byProcess = Object.entries(cpuMs).map(([name, ms]) => `${name} ${number(ms * 1000)}`);
  return `An order of the drain costs, in µs of processor time: ${byProcess.join(', ')}. It has ${number(redisCommands)} Redis commands, ${number(stateOperations)} state operations and ${number(messages)} messages.`;
}

const MB = 1_000_000;

/** The cost of a growing backlog, and its drain. */
export function backlogReport({ idle, backlogs, drain }: BacklogRun, settings: Settings): string {
  const rows = [
    { name: 'everything up', ...idle, sends: '', sendsWhileWaiting: '' },
    ...backlogs.map(({ pending, sends, sendsWhileWaiting, waitedSeconds, ...condition }) => ({
      name: `${number(pending)} PENDING`,
      ...condition,
      sends: number(sends),
      sendsWhileWaiting: `${number(sendsWhileWaiting)} in ${waitedSeconds} s`,
    })),
  ];
  return [
    '### Backlog (ours; the consumer service is killed, its sidecar stays)',
    `Intake is measured in an open loop of ${settings.endToEndRate} orders per second. Heap is after a full collection, resident before it.`,
    table(
      [
        '',
        'heap MB',
        'resident MB',
        'ack p50 ms',
        'ack p99 ms',
        'messages to it so far',
        'of which without new orders',
      ],
      rows.map(({ name, heap, resident, intake, sends, sendsWhileWaiting }) => [
        name,
        ...[heap / MB, resident / MB, intake.p50, intake.p99].map(number),
        sends,
        sendsWhileWaiting,
      ]),
    ),
    `After the restart of the consumer service: all decided after ${number(drain.seconds)} s (${number(drain.decidedPerSecond)} orders/s, ${drain.undecided} left over); intake meanwhile p50 ${number(drain.intake.p50)} ms, p99 ${number(drain.intake.p99)} ms.`,
    drainCosts(drain.perOrder),
  ].join('\n\n');
}
