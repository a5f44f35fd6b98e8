import type { Results } from './report.ts';

const SIZE = { width: 720, height: 360, left: 64, right: 230, top: 46, bottom: 46 };
const REPLICAS = [1, 2, 4, 16, 64] as const;
const ORDERS = [100, 1_000, 10_000, 100_000] as const;

const LINES: readonly (readonly [group: string, label: string, color: string])[] = [
  ['stores', 'a store per replica', '#1a7f37'],
  ['redis', 'one store, Redis broker', '#0969da'],
  ['kafka-64', 'one store, Kafka, 64 partitions', '#bc4c00'],
  ['kafka-8', 'one store, Kafka, 8 partitions', '#8250df'],
];

const STYLE = [
  'text { font-family: sans-serif; fill: #57606a; font-size: 11px }',
  '.head { fill: #1f2328; font-size: 14px; font-weight: 600 }',
  '.panel { fill: #ffffff; stroke: #d0d7de }',
  '.grid { stroke: #d8dee4 }',
].join(' ');

/** Position of a value between two ends of a logarithmic scale. */
const scale = (value: number, [from, to]: readonly [number, number], start: number, end: number): string =>
  (start + ((end - start) * Math.log(value / from)) / Math.log(to / from)).toFixed(1);

const x = (replicas: number): string => scale(replicas, [1, 64], SIZE.left, SIZE.width - SIZE.right);
const y = (orders: number): string => scale(orders, [ORDERS[0], 100_000], SIZE.height - SIZE.bottom, SIZE.top);

/** Orders per second by replicas, both on logarithmic scales. */
export function figure(results: Results): string {
  const grid = [
    ...REPLICAS.map((n) => `<text x="${x(n)}" y="${SIZE.height - 26}" text-anchor="middle">${n}</text>`),
    ...ORDERS.flatMap((n) => [
      `<line class="grid" x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${y(n)}" y2="${y(n)}"/>`,
      `<text x="${SIZE.left - 6}" y="${Number(y(n)) + 4}" text-anchor="end">${n.toLocaleString('en-US')}</text>`,
    ]),
  ];
  const lines = LINES.flatMap(([group, label, color], i) => {
    const points = (results[group] ?? []).map(({ deployment, ordersPerSecond }) => [
      x(deployment.replicas),
      y(ordersPerSecond),
    ]);
    const at = SIZE.top + 16 * i;
    return [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.map((point) => point.join(',')).join(' ')}"/>`,
      ...points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`),
      `<rect x="${SIZE.width - SIZE.right + 12}" y="${at}" width="10" height="3" fill="${color}"/>`,
      `<text x="${SIZE.width - SIZE.right + 26}" y="${at + 5}">${label}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="Decided orders per second by replicas">`,
    `<style>${STYLE}</style>`,
    `<rect class="panel" x="0.5" y="0.5" width="${SIZE.width - 1}" height="${SIZE.height - 1}" rx="6"/>`,
    '<text class="head" x="16" y="24">Decided orders per second at saturation, simulated</text>',
    ...grid,
    `<text x="${(SIZE.left + SIZE.width - SIZE.right) / 2}" y="${SIZE.height - 10}" text-anchor="middle">replicas of each service</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}
