import type { Question } from '../judge/phases.ts';
import { QUESTIONS } from '../judge/phases.ts';
import { STYLES } from '../load/answers.ts';
import type { WaitingSummary } from '../waiting/result.ts';
import { BROKER_TITLES, markdownRow, percent, QUESTION_TITLES, STYLE_TITLES } from './format.ts';
import { cautionOf, cellOf, type Matrix } from './matrix.ts';
import { noFindings } from './no-findings.ts';
import { notificationDocument } from './notification.ts';
import { waitingDocument } from './waiting.ts';

export interface DocumentContent {
  readonly matrix: Matrix;
  readonly conditions: readonly string[];
  readonly waiting: readonly WaitingSummary[];
  /** Path of the folder docs, relative to the page. */
  readonly docs: string;
}

/** The result as a page of the documentation: the picture, the conditions, and a table for each broker and question. */
export function documentOf({ matrix, conditions, waiting, docs }: DocumentContent): string {
  const findings = matrix.cells.flatMap((cell) => cell.findings);
  const caution = cautionOf(matrix);
  const checked =
    findings.length === 0
      ? `Checked: ${noFindings(matrix.cells)}.`
      : `The checker has ${findings.length} findings, which the page lists.`;
  return `# Availability of each style under each fault

Written by \`npm run lab -- report\`; do not edit.
[How it is measured](${docs}/load.md#availability-lab), [why so](${docs}/adr/0098-availability-lab.md), [reasons for shares below 100 %](${docs}/availability/explanations.md).
The [page](index.html) has intervals, timelines, reasons and costs; the data are in [matrix.json](matrix.json) and [runs.jsonl](runs.jsonl).

![Share of the orders that are answered usefully within 1 s during each fault](matrix.svg)

${checked}
${caution === undefined ? '' : `**${caution}**\n`}
${conditions.map((condition) => `- ${condition}`).join('\n')}

Each table has the share of the orders that were offered during the fault.

${[tablesOf(matrix), notificationDocument(matrix), waitingDocument(waiting)].filter((part) => part !== '').join('\n')}`;
}

function tablesOf(matrix: Matrix): string {
  return matrix.brokers.flatMap((broker) => QUESTIONS.map((question) => tableOf(matrix, broker, question))).join('\n');
}

function tableOf(matrix: Matrix, broker: Matrix['brokers'][number], question: Question): string {
  const rows = matrix.faults.flatMap(({ name, title }) => {
    const cell = cellOf(matrix, name, broker);
    if (cell === undefined) return [];
    const shares = STYLES.map((style) => cell.styles[style]?.shares[question].during);
    return [
      markdownRow([title, ...shares.map((share) => (share === undefined ? '-' : percent(share))), String(cell.runs)]),
    ];
  });
  const head = markdownRow(['fault', ...STYLES.map((style) => STYLE_TITLES[style].toLowerCase()), 'runs']);
  return `### ${BROKER_TITLES[broker]}: ${QUESTION_TITLES[question].toLowerCase()}\n\n${head}${markdownRow(['---', ...STYLES.map(() => '---:'), '---:'])}${rows.join('')}`;
}
