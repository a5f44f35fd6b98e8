import { html } from 'hono/html';
import { BROKER_TITLES, markdownRow, seconds } from './format.ts';
import { cellOf, type Matrix } from './matrix.ts';

const TITLE = 'Notifications';
const EXPLANATION = [
  'Every decision, of every style, is sent to the notification service, and no order waits for it.',
  'So its faults are in neither question.',
  'The first number is the most decisions that waited for its confirmation, counted once a second by the order service.',
  "The second is the time from the begin of the fault's end until no more waited than a second's orders.",
  'Both are medians of the runs.',
].join(' ');

type MeasuredMatrix = Pick<Matrix, 'brokers' | 'faults' | 'cells'>;

const isMeasured = ({ cells }: MeasuredMatrix): boolean => cells.some(({ notification }) => notification);

const columnsOf = ({ brokers }: MeasuredMatrix): string[] =>
  brokers.flatMap((broker) => [`${BROKER_TITLES[broker]}: most waiting`, `${BROKER_TITLES[broker]}: back after`]);

/** The title of each fault, and two cells for each broker. */
const rowsOf = (matrix: MeasuredMatrix): (readonly [title: string, cells: string[]])[] =>
  matrix.faults.map(({ name, title }) => [
    title,
    matrix.brokers.flatMap((broker) => {
      const cell = cellOf(matrix, name, broker);
      if (cell?.notification === undefined) return ['-', '-'];
      return [String(cell.notification.backlogPeak), seconds(cell.notification.recoveryMs)];
    }),
  ]);

/** The section for the documentation; empty without a measurement. */
export function notificationDocument(matrix: MeasuredMatrix): string {
  if (!isMeasured(matrix)) return '';
  const columns = columnsOf(matrix);
  const rule = markdownRow(['---', ...columns.map(() => '---:')]);
  const rows = rowsOf(matrix).map(([title, cells]) => markdownRow([title, ...cells]));
  return `## ${TITLE}\n\n${EXPLANATION}\n\n${markdownRow(['fault', ...columns])}${rule}${rows.join('')}`;
}

/** The section of the page; empty without a measurement. */
export function notificationSection(matrix: MeasuredMatrix): ReturnType<typeof html> {
  if (!isMeasured(matrix)) return html``;
  return html`<section id="notifications" aria-labelledby="notifications-title">
<h2 id="notifications-title">${TITLE}</h2>
<p>${EXPLANATION}</p>
<div class="wide" role="region" aria-labelledby="notifications-title" tabindex="0">
<table>
<thead><tr><th scope="col">Fault</th>${columnsOf(matrix).map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rowsOf(matrix).map(
    ([title, cells]) => html`<tr><th scope="row">${title}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody>
</table>
</div>
</section>`;
}
