import type { Result } from './result.ts';

const CHART = { width: 410, height: 116, left: 62, right: 14, top: 30, bottom: 24 };
const MARGIN = 16;
const HEAD = 60;
const FOOT = 34;
const MONTHS = 12;
const KIB = 1024;

interface Line {
  readonly level: string;
  readonly label: string;
}

interface Chart {
  readonly title: (result: Result) => string;
  readonly lines: readonly Line[];
  readonly unit: 'count' | 'bytes';
}

const isRedis = ({ settings }: Result) => settings.store === 'redis';

const CHARTS: readonly Chart[] = [
  {
    title: () => 'Orders',
    lines: [
      { level: 'decided', label: 'decided so far' },
      { level: 'orders', label: 'stored' },
    ],
    unit: 'count',
  },
  {
    title: (result) => (isRedis(result) ? 'Keys of the state store' : 'Rows of the state store, expired ones included'),
    lines: [{ level: 'entries', label: '' }],
    unit: 'count',
  },
  {
    title: (result) => (isRedis(result) ? 'Memory of the state store' : 'Tables and indexes of the state store'),
    lines: [{ level: 'stateBytes', label: '' }],
    unit: 'bytes',
  },
  {
    title: (result) => (isRedis(result) ? 'Append-only file' : 'Write-ahead log'),
    lines: [{ level: 'journalBytes', label: '' }],
    unit: 'bytes',
  },
  {
    title: ({ settings }) => (settings.broker === 'redis' ? 'Memory of the broker' : 'Files of the broker'),
    lines: [{ level: 'brokerBytes', label: '' }],
    unit: 'bytes',
  },
];

const STYLE = `
    .panel { fill: #ffffff; stroke: #d0d7de }
    .grid { stroke: #d8dee4; stroke-width: 1 }
    .end { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 3 }
    .title { fill: #1f2328; font-size: 13px }
    .head { fill: #1f2328; font-size: 14px; font-weight: 600 }
    .small { fill: #57606a; font-size: 11px }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round }
    .line-0 { stroke: #0969da } .text-0 { fill: #0969da }
    .line-1 { stroke: #bc4c00 } .text-1 { fill: #bc4c00 }
    @media (prefers-color-scheme: dark) {
      .panel { fill: #0d1117; stroke: #30363d }
      .grid { stroke: #21262d }
      .end { stroke: #6e7681 }
      .title, .head { fill: #f0f6fc }
      .small { fill: #9198a1 }
      .line-0 { stroke: #58a6ff } .text-0 { fill: #58a6ff }
      .line-1 { stroke: #f0883e } .text-1 { fill: #f0883e }
    }`;

/** Draws one column of charts for each run. The colours follow the reader's light or dark scheme. */
export function drawFigure(results: readonly Result[]): string {
  const width = MARGIN + results.length * (CHART.width + MARGIN);
  const height = HEAD + CHARTS.length * (CHART.height + MARGIN) + FOOT;
  const columns = results.map((result, column) => {
    const x = MARGIN + column * (CHART.width + MARGIN);
    const charts = CHARTS.map((chart, row) =>
      drawChart(result, chart, x, HEAD + row * (CHART.height + MARGIN), column),
    );
    return [text('head', x + CHART.left - 46, 36, headOf(result)), ...charts].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif">
  <title id="title">Levels of the stores over a simulated year</title>
  <desc id="description">${results.map(describe).join(' ')}</desc>
  <style>${STYLE}
  </style>
  <rect class="panel" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="12"/>
${columns.join('\n')}
${text('small', MARGIN + CHART.left - 46, height - 14, footOf(results[0]))}
</svg>
`;
}

const NAMES = { redis: 'Redis', postgresql: 'PostgreSQL', kafka: 'Kafka' } as const;

const headOf = ({ settings: { store, broker } }: Result): string =>
  `State in ${NAMES[store]}, messages in ${NAMES[broker]}`;

const footOf = (result: Result | undefined): string =>
  `${result?.settings.rate} orders/s. Horizontal: months; a month is one retention, here ${result?.settings.retentionSeconds} s. Dashed: the end of the orders.`;

function describe(result: Result): string {
  const levels = CHARTS.flatMap(({ title, lines, unit }) =>
    lines.flatMap(({ level, label }) => {
      const plateau = result.plateaus[level];
      if (plateau === undefined) return [];
      const values = [plateau.middle, plateau.last].map((value) => format(value, unit));
      return [`${[title(result), label].filter(Boolean).join(' ')}: at most ${values.join(', then ')}`];
    }),
  );
  return `${headOf(result)}; highest levels in the middle and in the last third of the year: ${levels.join('; ')}.`;
}

function drawChart(result: Result, { title, lines, unit }: Chart, x: number, y: number, column: number): string {
  const { series, settings } = result;
  const lastAt = series.at.at(-1) ?? settings.seconds;
  const valuesOf = (level: string) => series.levels[level] ?? [];
  const top = niceCeiling(Math.max(1, ...lines.flatMap(({ level }) => valuesOf(level))), unit);
  const bottom = CHART.height - CHART.bottom;
  const toX = (at: number) => x + CHART.left + (at / lastAt) * (CHART.width - CHART.left - CHART.right);
  const toY = (value: number) => y + bottom - (value / top) * (bottom - CHART.top);
  const left = toX(0);
  const right = toX(lastAt);

  const grid = [0, 0.5, 1].map((share) => {
    const at = toY(share * top);
    return `  <path class="grid" d="M${round(left)} ${round(at)}H${round(right)}"/>${text('small', left - 6, at + 4, format(share * top, unit), 'end')}`;
  });
  const months = Array.from({ length: MONTHS / 3 + 1 }, (_, index) => index * 3)
    .filter((month) => month * settings.retentionSeconds <= lastAt)
    .map((month) => text('small', toX(month * settings.retentionSeconds), y + bottom + 16, String(month), 'middle'));
  const end = `  <path class="end" d="M${round(toX(settings.seconds))} ${round(toY(top))}V${round(toY(0))}"/>`;
  const drawn = lines.map(({ level }, index) => {
    const points = valuesOf(level).map((value, at) => `${round(toX(series.at[at] as number))} ${round(toY(value))}`);
    return `  <path class="line line-${index}" d="M${points.join('L')}"/>`;
  });
  const labels = lines.flatMap(({ label }, index) =>
    label === '' ? [] : [text(`small text-${index}`, left + 70 + index * 100, y + 20, label)],
  );
  return [
    `  <!-- ${title(result)}, column ${column + 1} -->`,
    text('title', x + CHART.left - 46, y + 20, title(result)),
    ...labels,
    ...grid,
    ...months,
    end,
    ...drawn,
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 10) / 10;

const text = (names: string, x: number, y: number, content: string, anchor = 'start'): string =>
  `  <text class="${names}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;

/** The smallest 1, 2 or 5 times a power of ten, or of ten in KiB or MiB, that is not below the value. */
function niceCeiling(value: number, unit: Chart['unit']): number {
  const scale = unit === 'count' ? 1 : value >= KIB * KIB ? KIB * KIB : KIB;
  const power = 10 ** Math.floor(Math.log10(value / scale));
  const factor = [1, 2, 4, 5, 10].find((each) => each * power * scale >= value) ?? 10;
  return factor * power * scale;
}

function format(value: number, unit: Chart['unit']): string {
  if (value === 0) return '0';
  if (unit === 'count') return value >= 10_000 ? `${round(value / 1_000)}k` : String(Math.round(value));
  if (value >= KIB * KIB) return `${round(value / KIB / KIB)} MiB`;
  return `${round(value / KIB)} KiB`;
}
