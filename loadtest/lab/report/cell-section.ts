import { html } from 'hono/html';
import { PHASES, QUESTIONS } from '../judge/phases.ts';
import { STYLES } from '../load/answers.ts';
import { gradeOf, interval, percent, QUESTION_TITLES, STYLE_TITLES, seconds } from './format.ts';
import type { CellSummary, StyleSummary } from './matrix.ts';
import { noFindings } from './no-findings.ts';

type Markup = ReturnType<typeof html>;

const CHARTS = [
  { curve: 'offered', title: 'Offered orders per second' },
  { curve: 'answered', title: 'Answered within 1 s, % of offered' },
  { curve: 'decided', title: 'Decision within 5 s, % of offered' },
  { curve: 'latency', title: 'Median time to the answer, ms' },
  { curve: 'backlog', title: 'Orders that wait for their decision' },
] as const;
const NOTIFICATION_CHART = {
  curve: 'notification',
  title: 'Decisions that wait for the notification service',
} as const;

const COMPARED = { answered: 'answers', decided: 'decisions' };

/** The section of a cell: the numbers as tables, the curves, and the findings. */
export function cellSection(cell: CellSummary, title: string, description: string): Markup {
  const styles = STYLES.flatMap((style) => {
    const summary = cell.styles[style];
    return summary === undefined ? [] : [{ style, summary }];
  });
  const charts = cell.notification === undefined ? CHARTS : [...CHARTS, NOTIFICATION_CHART];
  return html`<article id="${cell.name}" aria-labelledby="${cell.name}-title">
<h3 id="${cell.name}-title">${title}</h3>
<p>${description} ${cell.runs} ${cell.runs === 1 ? 'run' : 'runs'}, ${cell.orders.toLocaleString('en')} orders.</p>
<div class="wide" role="region" aria-label="Numbers of ${title}" tabindex="0">
<table>
<thead>
<tr><td></td>${QUESTIONS.map((question) => html`<th scope="colgroup" colspan="4">${QUESTION_TITLES[question]}</th>`)}<th scope="colgroup" colspan="4">Effects</th></tr>
<tr><th scope="col">Style</th>${QUESTIONS.flatMap(() => [
    ...PHASES.map((phase) => html`<th scope="col">${phase}</th>`),
    html`<th scope="col">back after</th>`,
  ])}<th scope="col">p99 during</th><th scope="col">most waiting</th><th scope="col">drained after</th><th scope="col">repeated</th></tr>
</thead>
<tbody>${styles.map(({ style, summary }) => styleRow(STYLE_TITLES[style], summary))}</tbody>
</table>
</div>
${styles.map(({ style, summary }) => explanation(STYLE_TITLES[style], summary))}
${checked(cell)}
<div class="charts">${charts.map(
    ({ curve, title: chart }) =>
      html`<figure><figcaption>${chart}</figcaption><div class="chart" role="img" aria-label="${chart}: ${title}. The table above has the numbers." data-cell="${cell.name}" data-curve="${curve}"></div></figure>`,
  )}</div>
<p class="back"><a href="#answered">Back to the matrix</a></p>
</article>`;
}

function styleRow(title: string, { shares, recoveryMs, p99, backlogPeak, drainMs, retried }: StyleSummary): Markup {
  const cells = QUESTIONS.flatMap((question) => [
    ...PHASES.map((phase) => {
      const share = shares[question][phase];
      return html`<td class="${gradeOf(share)}">${percent(share)}<small>${interval(share)}</small></td>`;
    }),
    html`<td>${seconds(recoveryMs[question])}</td>`,
  ]);
  return html`<tr><th scope="row">${title}</th>${cells}<td>${p99.during === null ? '-' : `${p99.during} ms`}</td><td>${backlogPeak}</td><td>${seconds(drainMs)}</td><td>${retried}</td></tr>`;
}

/** The difference to the control, and why orders failed during the fault and after it. */
function explanation(title: string, { toControl, reasons }: StyleSummary): Markup {
  const points = (value: number) => `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)}`;
  const compared =
    toControl &&
    QUESTIONS.map((question) => {
      const { value, low, high } = toControl[question];
      return `${points(value)} points to the control (${points(low)} to ${points(high)}) in ${COMPARED[question]}`;
    });
  const failures = (['during', 'after'] as const).flatMap((phase) =>
    Object.entries(reasons[phase]).map(([reason, count]) => `${phase}: ${count} x ${reason}`),
  );
  const facts = [...(compared ?? []), ...failures];
  return facts.length === 0 ? html`` : html`<p class="reasons"><strong>${title}.</strong> ${facts.join('; ')}.</p>`;
}

function checked(cell: CellSummary): Markup {
  const { findings, deadLetters, notification, perOrder } = cell;
  const aside = Object.entries(deadLetters).map(([what, count]) => `${count} x ${what}`);
  const result =
    findings.length === 0
      ? html`<p class="checked">Checked: ${noFindings([cell])}.</p>`
      : html`<p class="checked found">Checked: ${findings.map(({ kind, style, ref }) => `${kind} (${style}) ${ref}`).join('; ')}.</p>`;
  const costs =
    perOrder &&
    html`<p>Per order: ${perOrder.cpuMs.toFixed(1)} ms of processor time, ${perOrder.messages.toFixed(2)} delivered messages, ${perOrder.ignoredReplies.toFixed(2)} duplicate replies.</p>`;
  const notified =
    notification &&
    html`<p>Notifications: at most ${notification.backlogPeak} decisions waited for the notification service. ${seconds(notification.recoveryMs)} after the begin of the fault's end, no more waited than those of a second.</p>`;
  return html`${result}${notified ?? ''}${costs ?? ''}${aside.length > 0 ? html`<p>Messages that were put aside: ${aside.join('; ')}.</p>` : ''}`;
}
