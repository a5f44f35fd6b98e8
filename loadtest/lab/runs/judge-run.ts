import { type CheckResult, FAULT_KINDS, type Stored } from '../../checker/judge.ts';
import type { OrderLine } from '../../scenarios/lib/log.ts';
import { notificationResult, type UnnotifiedSample } from '../judge/notification.ts';
import { type FaultTimes, LoadNotOfferedError } from '../judge/phases.ts';
import { styleResult } from '../judge/style-result.ts';
import { STYLES, type Style } from '../load/answers.ts';
import type { LabLine } from '../load/log.ts';
import type { Usage } from '../measure/sampler.ts';
import type { Finding, Plan, RunResult } from './result.ts';

export interface RunRecord {
  readonly plan: Plan;
  readonly commit: string;
  readonly requests: readonly OrderLine[];
  /** Every order of the store. */
  readonly stored: readonly Stored[];
  /** Of the checker. */
  readonly checked: CheckResult;
  /** Keys of message requests without the right outcome at their client. */
  readonly undelivered: readonly string[];
  readonly times: FaultTimes;
  readonly startedAt: number;
  readonly usage?: Usage;
  readonly unnotified?: readonly UnnotifiedSample[];
  readonly deadLetters: Readonly<Record<string, number>>;
}

/** The style of a request, by its number (load/scenario.ts). */
const styleOf = (requestNumber: number | undefined): Style | 'unknown' =>
  requestNumber === undefined ? 'unknown' : (STYLES[requestNumber % STYLES.length] ?? 'unknown');

/** Turns the records of a run into its result. Throws a LoadNotOfferedError if the load was not sent as planned. */
export function judgeRun(record: RunRecord): RunResult {
  const { plan, commit, requests, checked, undelivered, times, startedAt, usage, deadLetters } = record;
  const runs = new Set(requests.map(({ run }) => run));
  const stored = record.stored.filter(({ run }) => runs.has(run));
  const offered = STYLES.filter((style) => requests.some(({ phase }) => phase === style));
  if (offered.length === 0) throw new Error('no order was sent');
  const seconds = plan.before + plan.during + plan.after;
  if (times.endBeganAt >= startedAt + 1_000 * seconds)
    throw new LoadNotOfferedError('the load ended before the fault: choose a longer --after');
  const styles = offered.map((style) => {
    const lines = requests.filter(({ phase }) => phase === style) as LabLine[];
    const sentAt = new Map(lines.map(({ requestNumber, at }) => [requestNumber, at]));
    // A message request waits at its client before it is an order.
    const ofStyle = stored
      .filter(({ requestNumber }) => styleOf(requestNumber) === style)
      .map((order) => ({ ...order, createdAt: sentAt.get(order.requestNumber ?? -1) ?? order.createdAt ?? 0 }));
    return [style, styleResult({ lines, stored: ofStyle, times, rate: plan.rate, seconds, startedAt })] as const;
  });
  const since = (at: number) => at - startedAt;
  return {
    version: 1,
    plan,
    startedAt: new Date(startedAt).toISOString(),
    commit,
    fault: {
      beganMs: since(times.beganAt),
      effectiveMs: since(times.effectiveAt),
      endBeganMs: since(times.endBeganAt),
      endedMs: since(times.endedAt),
    },
    styles: Object.fromEntries(styles),
    orders: { sent: checked.sent, acknowledged: checked.acknowledged, stored: stored.length },
    findings: findingsOf(checked, undelivered, requests, stored),
    deadLetters,
    ...(usage && { usage }),
    ...(record.unnotified && {
      notification: notificationResult(record.unnotified, times, plan.rate * offered.length),
    }),
  };
}

function findingsOf(
  checked: CheckResult,
  undelivered: readonly string[],
  requests: readonly OrderLine[],
  stored: readonly Stored[],
): Finding[] {
  const numbers = new Map<string, number | undefined>([
    ...requests.flatMap(({ id, key, requestNumber }): [string, number][] => [
      [key, requestNumber],
      ...(id === undefined ? [] : ([[id, requestNumber]] as [string, number][])),
    ]),
    ...stored.map(({ id, requestNumber }): [string, number | undefined] => [id, requestNumber]),
  ]);
  const named = (kind: Finding['kind'], refs: readonly string[]) =>
    refs.map((ref) => ({ kind, style: styleOf(numbers.get(ref)), ref }));
  return [...FAULT_KINDS.flatMap((kind) => named(kind, checked[kind])), ...named('undelivered', undelivered)];
}
