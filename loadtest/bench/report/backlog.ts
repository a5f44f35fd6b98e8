import type { BacklogRun } from '../scenarios/backlog.ts';
import type { Settings } from '../settings.ts';
import { number, table } from './table.ts';

const MB = 1_000_000;

/** What a growing backlog costs, and how it goes away. */
export function backlogReport({ idle, waiting, drain }: BacklogRun, settings: Settings): string {
  const rows = [
    ['everything up', idle, undefined] as const,
    ...waiting.map((each) => [`${number(each.pending)} PENDING`, each, each] as const),
  ].map(([name, { heap, resident, acceptance }, sent]) => [
    name,
    number(heap / MB),
    number(resident / MB),
    number(acceptance.p50),
    number(acceptance.p99),
    sent === undefined ? '' : number(sent.sends),
    sent === undefined ? '' : `${number(sent.sendsWhileWaiting)} in ${sent.waitedSeconds} s`,
  ]);
  return [
    '## Backlog (ours; the consumer service is killed, its sidecar stays)',
    `Acceptance is measured in an open loop of ${settings.wholeRate} orders per second. Heap is after a full collection, resident before it.`,
    table(
      [
        '',
        'heap MB',
        'resident MB',
        'ack p50 ms',
        'ack p99 ms',
        'commands to it so far',
        'of which while nothing came in',
      ],
      rows,
    ),
    `After it was back: all settled after ${number(drain.seconds)} s (${number(drain.settledPerSecond)} orders/s, ${drain.unsettled} left over); acceptance meanwhile p50 ${number(drain.acceptance.p50)} ms, p99 ${number(drain.acceptance.p99)} ms.`,
  ].join('\n\n');
}
