import { html } from 'hono/html';
import { spreadText } from '../../bench/report/table.ts';
import type { WaitingSummary } from '../waiting/result.ts';
import { BROKER_TITLES } from './format.ts';

const TITLE = 'Intake while orders wait';
const COLUMNS = [
  'broker',
  'orders waiting',
  'accepted/s, control',
  'accepted/s, waiting',
  'ratio',
  'p99 ms, control',
  'p99 ms, waiting',
  'ratio',
  'runs',
] as const;

const explanation = (summaries: readonly WaitingSummary[]): string => {
  const offered = summaries.reduce((sum, each) => sum + each.offered, 0);
  const acknowledged = summaries.reduce((sum, each) => sum + each.acknowledged, 0);
  const findings = summaries.reduce((sum, each) => sum + each.findings, 0);
  const rates = [...new Set(summaries.map(({ rate }) => rate))].join(', ');
  const drain = Math.max(...summaries.map(({ drainSeconds }) => drainSeconds.max));
  return [
    'The consumer service is killed, and orders of the style respond-first are placed until so many wait.',
    'The control is the same platform just before, with everything up.',
    `The acceptance rate is that of a closed loop with 256 requests in flight; p99 is that of an open loop of ${rates} orders/s.`,
    'Each ratio is the median of the repetitions, with the smallest and the largest.',
    'In the control the consumer service and the decisions use the same processors, so a ratio of the rate above 1 is no gain.',
    `With the orders waiting, ${acknowledged} of ${offered} orders of the open loop were acknowledged.`,
    `All orders were decided at most ${drain.toFixed(1)} s after the restart${findings === 0 ? '.' : `, but for ${findings}.`}`,
  ].join(' ');
};

const rowOf = ({ broker, orders, accepted, p99, runs }: WaitingSummary): string[] => [
  BROKER_TITLES[broker],
  orders.toLocaleString('en'),
  ...[accepted, p99].flatMap(({ control, backlog, ratio }) => [control, backlog, ratio].map(spreadText)),
  String(runs),
];

/** The section for the documentation; empty without a measurement. */
export function waitingDocument(summaries: readonly WaitingSummary[]): string {
  if (summaries.length === 0) return '';
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const rule = row(COLUMNS.map((_, index) => (index === 0 ? '---' : '---:')));
  return `## ${TITLE}\n\n${explanation(summaries)}\n\n${row(COLUMNS)}${rule}${summaries.map((each) => row(rowOf(each))).join('')}`;
}

/** The section of the page; empty without a measurement. */
export function waitingSection(summaries: readonly WaitingSummary[]): ReturnType<typeof html> {
  if (summaries.length === 0) return html``;
  return html`<section id="waiting" aria-labelledby="waiting-title">
<h2 id="waiting-title">${TITLE}</h2>
<p>${explanation(summaries)}</p>
<div class="wide" role="region" aria-labelledby="waiting-title" tabindex="0">
<table>
<thead><tr>${COLUMNS.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${summaries.map((each) => {
    const [first, ...others] = rowOf(each);
    return html`<tr><th scope="row">${first}</th>${others.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  })}</tbody>
</table>
</div>
</section>`;
}
