import { html, raw } from 'hono/html';
import { QUESTIONS, type Question } from '../judge/phases.ts';
import { STYLES, type Style } from '../load/answers.ts';
import type { WaitingSummary } from '../waiting/result.ts';
import { cellSection } from './cell-section.ts';
import { BROKER_TITLES, gradeOf, interval, percent, QUESTION_TITLES, STYLE_TITLES } from './format.ts';
import { type CellSummary, cautionOf, cellOf, type Matrix } from './matrix.ts';
import { noFindings } from './no-findings.ts';
import { notificationSection } from './notification.ts';
import type { Timelines } from './timelines.ts';
import { waitingSection } from './waiting.ts';

export interface PageContent {
  readonly matrix: Matrix;
  readonly timelines: Readonly<Record<string, Timelines>>;
  readonly waiting: readonly WaitingSummary[];
  /** One line each: how it was measured, and on what. */
  readonly conditions: readonly string[];
  /** Scripts and style sheets, which the page contains. */
  readonly assets: { readonly css: readonly string[]; readonly scripts: readonly string[] };
}

type Markup = ReturnType<typeof html>;

/** The page: one file that loads nothing. */
export function pageOf({ matrix, timelines, waiting, conditions, assets }: PageContent): Promise<string> {
  const found = matrix.cells.flatMap(({ findings }) => findings).length;
  const runs = matrix.cells.reduce((sum, cell) => sum + cell.runs, 0);
  const orders = matrix.cells.reduce((sum, cell) => sum + cell.orders, 0);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>How available is ordering? Four styles under fault</title>
<style>${raw(assets.css.join('\n'))}</style>
</head>
<body>
<a class="skip" href="#answered">Skip to the matrix</a>
<header>
<h1>How available is ordering?</h1>
<p>Four styles of placing an order, side by side under the same faults.
${orders.toLocaleString('en')} orders in ${runs} runs.
${found === 0 ? `Checked: ${noFindings(matrix.cells)}.` : `${found} findings of the checker are listed below.`}</p>
${caution(matrix)}
</header>
<main>
${QUESTIONS.map((question) => matrixTable(question, matrix))}
${notificationSection(matrix)}
${waitingSection(waiting)}
<section id="method" aria-labelledby="method-title">
<h2 id="method-title">How it was measured</h2>
${method()}
<ul>${conditions.map((condition) => html`<li>${condition}</li>`)}</ul>
<p>Data of this page: <a href="matrix.json">matrix.json</a>. Each run: <a href="runs.jsonl">runs.jsonl</a>.</p>
</section>
<section aria-labelledby="cells-title">
<h2 id="cells-title">Each fault</h2>
${matrix.faults.flatMap(({ name, title, description }) =>
  cellsOf(matrix, name).map((cell) => cellSection(cell, `${title}, ${BROKER_TITLES[cell.broker]}`, description)),
)}
</section>
</main>
<script type="application/json" id="timelines">${raw(JSON.stringify(timelines).replaceAll('<', '\\u003c'))}</script>
${assets.scripts.map((script) => html`<script>${raw(script.replaceAll('</script', '<\\/script'))}</script>`)}
</body>
</html>
`;
  return Promise.resolve(page).then(String);
}

function caution(matrix: Matrix): Markup {
  const text = cautionOf(matrix);
  return text === undefined ? html`` : html`<p><strong>${text}</strong></p>`;
}

const cellsOf = (matrix: Matrix, fault: string): CellSummary[] =>
  matrix.brokers.flatMap((broker) => cellOf(matrix, fault, broker) ?? []);

function matrixTable(question: Question, matrix: Matrix): Markup {
  const { brokers, faults } = matrix;
  return html`<section id="${question}" aria-labelledby="${question}-title">
<h2 id="${question}-title">${QUESTION_TITLES[question]}</h2>
<p>Share of the orders that were offered during the fault, with its 95 % interval. Each share leads to its details.</p>
<div class="wide" role="region" aria-labelledby="${question}-title" tabindex="0">
<table class="matrix">
<thead>
<tr><td></td>${brokers.map((broker) => html`<th scope="colgroup" colspan="${STYLES.length}">${BROKER_TITLES[broker]}</th>`)}</tr>
<tr><th scope="col">Fault</th>${brokers.flatMap(() => STYLES.map((style) => html`<th scope="col">${STYLE_TITLES[style]}</th>`))}</tr>
</thead>
<tbody>
${faults.map(
  ({ name, title }) =>
    html`<tr><th scope="row">${title}</th>${brokers.flatMap((broker) =>
      STYLES.map((style) => shareCell(cellOf(matrix, name, broker), style, question)),
    )}</tr>`,
)}
</tbody>
</table>
</div>
</section>`;
}

function shareCell(cell: CellSummary | undefined, style: Style, question: Question): Markup {
  const share = cell?.styles[style]?.shares[question].during;
  if (cell === undefined || share === undefined) return html`<td class="none">not measured</td>`;
  return html`<td class="${gradeOf(share)}"><a href="#${cell.name}">${percent(share)}</a><small>${interval(share)}</small></td>`;
}

const method = (): Markup => html`
<p>In each run all styles are offered side by side at the same constant rate, so that a fault affects all of them at the same moment.
Three styles are selected by the header <code>Order-Style</code>. Messaging uses a client service with a state store of its own.
Its request is acknowledged when it is stored there.</p>
<p>Each order asks two questions. Was the request answered usefully within 1 s, by an acknowledgement or by the decision?
Was the decision known within 5 s? A share is the number of orders with yes, divided by the orders that were offered.
A timeout, an error, a wrong answer and an order that the load generator could not send are a no.
A client repeats a request once, at the other replica, if the first one does not respond within 450 ms or refuses.
One order in ten must be rejected, because its restaurant is closed.</p>
<p>Each fault is verified to have taken effect and to have ended. The phase "during" begins with the fault and ends when its end begins.
A checker compares the clients' log with the state store after each run, and asks the message client for every outcome.
The intervals are 95 % bootstrap intervals: runs are drawn with replacement, and in each run its seconds.
Where no order failed, the interval reaches down to 3 / n.</p>`;
