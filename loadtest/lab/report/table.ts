import type { Question } from '../judge/phases.ts';
import { QUESTIONS } from '../judge/phases.ts';
import { STYLES } from '../load/answers.ts';
import { BROKER_TITLES, percent, QUESTION_TITLES, STYLE_TITLES } from './format.ts';
import type { Matrix } from './matrix.ts';

/** The matrix as Markdown tables, one for each broker and question. */
export function tablesOf(matrix: Matrix): string {
  return matrix.brokers.flatMap((broker) => QUESTIONS.map((question) => tableOf(matrix, broker, question))).join('\n');
}

function tableOf({ faults, cells }: Matrix, broker: Matrix['brokers'][number], question: Question): string {
  const row = (columns: readonly string[]) => `| ${columns.join(' | ')} |\n`;
  const rows = faults.flatMap(({ name, title }) => {
    const cell = cells.find((each) => each.fault === name && each.broker === broker);
    if (cell === undefined) return [];
    const shares = STYLES.map((style) => cell.styles[style]?.shares[question].during);
    return [row([title, ...shares.map((share) => (share === undefined ? '-' : percent(share))), String(cell.runs)])];
  });
  const head = row(['fault', ...STYLES.map((style) => STYLE_TITLES[style].toLowerCase()), 'runs']);
  return `### ${BROKER_TITLES[broker]}: ${QUESTION_TITLES[question].toLowerCase()}\n\n${head}${row(['---', ...STYLES.map(() => '---:'), '---:'])}${rows.join('')}`;
}
