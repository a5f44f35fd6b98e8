import { PHASES, QUESTIONS } from '../judge/phases.ts';
import type { RunResult } from './result.ts';

/** A run in a few lines for a terminal. */
export function summaryLines({ styles, findings, orders }: RunResult): string[] {
  const rows = Object.entries(styles).map(([style, { shares, p99, backlogPeak, recoveryMs }]) => {
    const percents = QUESTIONS.map((question) =>
      PHASES.map((phase) => {
        const { yes, offered } = shares[question][phase];
        return offered === 0 ? '-' : ((100 * yes) / offered).toFixed(1);
      }).join(' / '),
    );
    const seconds = (recoveryMs.answered / 1_000).toFixed(1);
    return `${style.padEnd(14)} answered ${percents[0]?.padEnd(20)} decided ${percents[1]?.padEnd(20)} p99 ${p99.during ?? '-'} ms, backlog ${backlogPeak}, back after ${seconds} s`;
  });
  const found = findings.slice(0, 5).map(({ kind, style, ref }) => `${kind} (${style}): ${ref}`);
  return [...rows, `${orders.sent} sent, ${orders.acknowledged} acknowledged, ${findings.length} findings`, ...found];
}
