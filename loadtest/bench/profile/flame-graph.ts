import { type Frame, type Stack, selfTimes, sumUp } from './frames.ts';

const WIDTH = 1200;
const ROW = 17;
const MARGIN = 12;
const LEGEND_COLUMNS = 4;
/** Parts in the legend, and share of all time below which a frame is not drawn. */
const LEGEND_PARTS = 16;
const MIN_SHARE = 0.002;
/** Of a digit in the font below, pixels. */
const LETTER = 6.1;

/** Told apart beside each other, light enough for black letters. */
const PALETTE = ['#f4a259', '#8ecae6', '#b5c99a', '#e5989b', '#c8b6ff', '#ffd166', '#9ad1d4', '#d4a373'];
const OTHER = '#d0d0d0';

interface Box {
  readonly frame: Frame;
  readonly depth: number;
  readonly x: number;
  readonly width: number;
}

/**
 * Draws where processor time went as an SVG: each box is a function, as wide as its share of the processor time, on top of its caller
 * (after Brendan Gregg's flame graphs); its colour says whose code it is, the legend how much time that took itself.
 */
export function flameGraph(stacks: Iterable<Stack>, title: string): string {
  const root = sumUp(stacks);
  const parts = selfTimes(root);
  const colours = new Map(parts.map(([part], index) => [part, PALETTE[index] ?? OTHER]));
  const boxes = layOut(root);
  const deepest = Math.max(...boxes.map(({ depth }) => depth));
  const legendRows = Math.ceil(Math.min(parts.length, LEGEND_PARTS) / LEGEND_COLUMNS);
  const top = MARGIN + 24 + legendRows * ROW + MARGIN;
  const height = top + (deepest + 1) * ROW + MARGIN;
  const floor = height - MARGIN - ROW;

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="monospace" font-size="10">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(MARGIN, MARGIN + 12, `${title}: ${(root.total / 1e6).toFixed(1)} s of processor time`, 'font-size="14"'),
    ...parts.slice(0, LEGEND_PARTS).map(([part, self], index) => {
      const x = MARGIN + (index % LEGEND_COLUMNS) * ((WIDTH - 2 * MARGIN) / LEGEND_COLUMNS);
      const y = MARGIN + 24 + Math.floor(index / LEGEND_COLUMNS) * ROW;
      const label = `${percent(self, root.total)} ${part}`;
      return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colours.get(part)}"/>${text(x + 17, y + 10, label)}`;
    }),
    ...boxes.map((box) => drawn(box, floor - box.depth * ROW, root.total, colours.get(box.frame.part) ?? OTHER)),
    '</svg>',
    '',
  ].join('\n');
}

function layOut(root: Frame): readonly Box[] {
  const boxes: Box[] = [];
  const scale = (WIDTH - 2 * MARGIN) / Math.max(root.total, 1);
  const place = (frame: Frame, depth: number, x: number): void => {
    if (depth > 0 && frame.total < MIN_SHARE * root.total) return;
    boxes.push({ frame, depth, x, width: frame.total * scale });
    let next = x;
    for (const callee of [...frame.callees.values()].toSorted((a, b) => b.total - a.total)) {
      place(callee, depth + 1, next);
      next += callee.total * scale;
    }
  };
  place(root, 0, MARGIN);
  return boxes;
}

function drawn({ frame, x, width }: Box, y: number, all: number, colour: string): string {
  const { name, part, total, self } = frame;
  const about = `${name}, ${part}: ${percent(total, all)}, ${percent(self, all)} itself`;
  const letters = Math.floor((width - 4) / LETTER);
  const label = letters < 3 ? '' : name.length <= letters ? name : `${name.slice(0, letters - 1)}…`;
  const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(width - 0.5, 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colour}"/>`;
  return `<g><title>${escaped(about)}</title>${box}${label && text(x + 2, y + 12, label)}</g>`;
}

const percent = (time: number, all: number): string => `${((100 * time) / Math.max(all, 1)).toFixed(1)} %`;

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y}"${more && ` ${more}`}>${escaped(content)}</text>`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (content: string): string => content.replaceAll(/[&<>]/g, (letter) => ENTITIES[letter] ?? letter);
