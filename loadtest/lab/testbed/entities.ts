import { until } from '@standing-order/local/wait';
import { create } from '../../bench/testbed/entities.ts';
import { linesOf, MENU } from '../../scenarios/lib/request-number.ts';
import { STYLES, type Style } from '../load/answers.ts';

const READY_MS = 60_000;
/** Orders of each style before the load, at each replica: the first requests of a process are slow. */
const WARM_UP_ORDERS = 8;

export interface Endpoints {
  readonly order: readonly string[];
  readonly consumer: string;
  readonly restaurant: string;
  /** The message client; absent: without messaging. */
  readonly client?: string;
}

const post = (url: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });

/** Creates the consumer of a run, its restaurant, a closed restaurant, and a consumer whose orders do not belong to the run. */
export async function createEntities(urls: Endpoints, run: string): Promise<void> {
  const orderLimit = { amount: 100_000_00, currency: 'EUR' };
  const menu = MENU.map((id) => ({ id, name: id, price: 1 }));
  const restaurant = { name: 'Lab', currency: 'EUR', menu };
  const entities: readonly (readonly [url: string, body: object])[] = [
    [`${urls.consumer}/consumers`, { id: run, name: 'Lab', orderLimit }],
    [`${urls.restaurant}/restaurants`, { ...restaurant, id: run }],
    [`${urls.restaurant}/restaurants`, { ...restaurant, id: `${run}-closed`, open: false }],
    [`${urls.consumer}/consumers`, { id: warmUpConsumer(run), name: 'Warm-up', orderLimit }],
  ];
  for (const [url, body] of entities) await create(url, body);
}

const warmUpConsumer = (run: string): string => `${run}-warm-up`;

/** Places orders in every style at every replica until each responds as it must: the copies are fresh, and the code is compiled. */
export async function warmUp(urls: Endpoints, run: string, signal: AbortSignal): Promise<void> {
  const order = { consumerId: warmUpConsumer(run), restaurantId: run, lines: linesOf(1) };
  const urlsOf = (style: Style) =>
    style === 'messaging' ? [urls.client].filter((url) => url !== undefined) : urls.order;
  const targets = STYLES.flatMap((style) => urlsOf(style).map((url) => ({ style, url })));
  let count = 0;
  const place = async ({ style, url }: { style: Style; url: string }) => {
    const due = style === 'messaging' || style === 'respond-first' ? 202 : 201;
    const id = `${run}-warm-up-${count++}`;
    const response =
      style === 'messaging'
        ? await post(`${url}/orders`, { id, order })
        : await post(`${url}/orders`, order, { 'order-style': style });
    if (response.status !== due)
      throw new Error(`${style}: ${response.status} instead of ${due}: ${await response.text()}`);
    if (due === 201) return;
    const orderId = style === 'messaging' ? id : ((await response.json()) as { id: string }).id;
    const decided = await fetch(`${url}/orders/${orderId}`, {
      headers: { prefer: 'wait=5' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    const { status, kind } = (await decided.json()) as { status?: string; kind?: string };
    if (status !== 'VALIDATED' && kind !== 'settled') throw new Error(`${style}: not decided within 5 s`);
  };
  const warm = async (target: (typeof targets)[number]) => {
    for (let placed = 0; placed < WARM_UP_ORDERS; placed++)
      await until(`${target.style} at ${target.url} is not ready`, () => place(target), READY_MS, signal);
  };
  await Promise.all(targets.map(warm));
}
