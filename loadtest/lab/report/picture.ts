import { html } from 'hono/html';
import { STYLES } from '../load/answers.ts';
import { BROKER_TITLES, gradeOf, percent, STYLE_TITLES } from './format.ts';
import { cellOf, type Matrix } from './matrix.ts';

const ROW = 26;
const FAULT_WIDTH = 240;
const CELL_WIDTH = 92;
const HEAD = 74;
const FILLS = { good: '#d3efd8', fair: '#fdf3c4', poor: '#ffd9b0', bad: '#f9c6c6', none: '#eeeeee' };

/** The matrix of the first question as an SVG picture, for pages that cannot contain the whole page. */
export async function pictureOf(matrix: Matrix): Promise<string> {
  const { brokers, faults } = matrix;
  const columns = brokers.flatMap((broker) => STYLES.map((style) => ({ broker, style })));
  const width = FAULT_WIDTH + CELL_WIDTH * columns.length + 2;
  const height = HEAD + ROW * faults.length + 2;
  const x = (column: number) => FAULT_WIDTH + CELL_WIDTH * column;
  const rows = faults.map(({ name, title }, row) => {
    const y = HEAD + ROW * row;
    const shares = columns.map(({ broker, style }, column) => {
      const share = cellOf(matrix, name, broker)?.styles[style]?.shares.answered.during;
      const fill = FILLS[share === undefined ? 'none' : gradeOf(share)];
      return html`<rect x="${x(column)}" y="${y}" width="${CELL_WIDTH}" height="${ROW}" fill="${fill}" stroke="#fff"/><text x="${x(column) + CELL_WIDTH / 2}" y="${y + 17}" text-anchor="middle">${share === undefined ? '' : percent(share)}</text>`;
    });
    return html`<text x="8" y="${y + 17}">${title}</text>${shares}`;
  });
  const heads = [
    ...brokers.map(
      (broker, index) =>
        html`<text x="${x(index * STYLES.length + STYLES.length / 2)}" y="44" text-anchor="middle" font-weight="bold">${BROKER_TITLES[broker]}</text>`,
    ),
    ...columns.map(
      ({ style }, column) =>
        html`<text x="${x(column) + CELL_WIDTH / 2}" y="65" text-anchor="middle" font-size="11.5">${STYLE_TITLES[style]}</text>`,
    ),
  ];
  return String(
    await html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1b1b1b" role="img" aria-labelledby="title"><title id="title">Share of the orders that are answered usefully within 1 s during each fault, by style and broker</title><rect width="${width}" height="${height}" fill="#fff"/><text x="8" y="20" font-weight="bold">Orders answered usefully within 1 s during the fault</text>${heads}${rows}</svg>
`,
  );
}
