import { GROUPS, limitOf } from './rows.ts';
import type { Measurement } from './run.ts';

/** The measurements of all groups, by the name of the group. */
export type Results = Readonly<Record<string, readonly Measurement[]>>;

/** Services whose replicas have a sidecar each: order, consumer, restaurant. */
const SERVICES = 3;

const number = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en-US');

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [row(head), row(rule), ...rows.map(row)].join('\n');
}

const HEAD = [
  'replicas',
  'sidecars',
  'partitions',
  'stores',
  'orders/s',
  'orders/s per replica',
  'store operations/s',
  'store operations per order',
  'saturated first',
];

function rowOf(measurement: Measurement): string[] {
  const { deployment, ordersPerSecond, storeOperationsPerSecond, perOrder } = measurement;
  const { replicas, partitions, stores, broker } = deployment;
  return [
    String(replicas),
    String(SERVICES * replicas),
    broker === 'redis' ? '-' : String(partitions),
    String(stores),
    number(ordersPerSecond),
    number(ordersPerSecond / replicas),
    number(storeOperationsPerSecond),
    number(perOrder.storeOperations),
    limitOf(measurement),
  ];
}

/** The tables of docs/scaling.md. */
export const tables = (results: Results): string =>
  GROUPS.map(({ name, title }) => `${title}:\n\n${table(HEAD, (results[name] ?? []).map(rowOf))}`).join('\n\n');

const COSTS: readonly (readonly [title: string, cost: keyof Measurement['perOrder']])[] = [
  ['order service, µs', 'order'],
  ["order service's sidecar, µs", 'orderSidecar'],
  ['both validators, µs', 'validators'],
  ["validators' sidecars, µs", 'validatorSidecars'],
  ['state store, µs', 'store'],
  ['broker, µs', 'broker'],
  ['state calls', 'storeCalls'],
  ['messages', 'messages'],
];

/** The cost of one order with one replica and with two, in the model. */
export function costTable(results: Results): string {
  const [one, two] = results.redis ?? [];
  if (one === undefined || two === undefined) return '';
  const rows = COSTS.map(([title, cost]) => {
    const [first, second] = [one.perOrder[cost], two.perOrder[cost]];
    return [title, number(first), number(second), number(second / first)];
  });
  return table(['per order', 'one replica', 'two replicas', 'ratio'], rows);
}

/** The page with the tables of these results between its markers. */
export function withTables(page: string, results: Results): string {
  const texts = { tables: tables(results), costs: costTable(results) };
  return page.replaceAll(
    /(<!-- scale: (tables|costs) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: keyof typeof texts, end: string) => `${start}\n${texts[name]}\n\n${end}`,
  );
}
