import { describe, expect, test } from 'vitest';
import { type Answer, call, get, post } from './support/client.ts';
import { shopSubscription, useShop } from './support/shop.ts';
import { until } from './support/until.ts';
import { answersOk, GOOD_ORDER, useWorld } from './support/world.ts';

const world = useWorld(() => ({
  env: { order: { STYLE_OVERRIDE: 'allowed' } },
  resources: (resources) => [...resources, shopSubscription],
}));
const shop = useShop(world);

const BAD_ORDER = { ...GOOD_ORDER, lines: [{ itemId: 'moon-rock', quantity: 1 }] };

const url = (replica = 0) => `${world().platform.urls.order[replica]}/orders`;
const place = (style: string, order: object = GOOD_ORDER, headers: Record<string, string> = {}) =>
  post(url(), order, { 'order-style': style, ...headers });
const stored = async () => (await world().state.orders()).size;

/** Whether a synchronous answer is the one that is due while these are down. */
const says =
  (down: readonly string[]) =>
  ({ status, body }: Answer): boolean =>
    down.length === 0 ? status === 201 : status === 503 && String(body.dependencies) === String(down);

/** What stands in the way, one state after the other, and who is down in it. */
const phases = [
  ['both are up', []],
  ['consumer is down', ['consumer']],
  ['restaurant is down', ['restaurant']],
  ['both are down', ['consumer', 'restaurant']],
  ['both are back', []],
] as const;

/** Kills and starts services until exactly these are down. */
async function takeDown(down: readonly string[]): Promise<void> {
  for (const service of ['consumer', 'restaurant'] as const) {
    const part = `${service}-1`;
    const running = world()
      .platform.parts()
      .some(({ name, state }) => name === part && state === 'running');
    if (down.includes(service) && running) await world().platform.kill(part);
    if (!down.includes(service) && !running) await world().platform.start(part);
    if (!down.includes(service)) await answersOk(`${world().platform.urls[service][0]}/readyz`);
  }
}

describe('synchronous', () => {
  test.each(phases)('%s', async (_, down) => {
    await takeDown(down);
    const before = await stored();
    // A circuit breaker that was opened before closes again by itself.
    const seen = await until('an answer that knows who is up', () => place('synchronous'), says(down));
    if (down.length === 0) {
      expect(seen.body).toMatchObject({ status: 'VALIDATED', total: { amount: 1900, currency: 'EUR' } });
      expect(await get(`${url(1)}/${seen.body.id}`)).toMatchObject({ status: 200, body: seen.body });
      const refused = await place('synchronous', BAD_ORDER);
      expect(refused).toMatchObject({ status: 422, body: { reasons: [{ code: 'ITEM_NOT_ON_MENU' }] } });
      expect(await stored()).toBe(before + 1);
    } else {
      const answers = await Promise.all(Array.from({ length: 5 }, () => place('synchronous')));
      for (const answer of answers) expect(answer).toSatisfy(says(down));
      expect(seen.headers['retry-after']).toBeDefined();
      expect(await stored()).toBe(before);
    }
  });

  test('a service that hangs costs a few seconds and holds up nobody else', async () => {
    await world().platform.freeze('restaurant-1');
    const before = await stored();
    const [hanging, ...others] = await Promise.all([
      place('synchronous'),
      ...Array.from({ length: 20 }, () => place('respond-first')),
    ]);
    expect(hanging).toMatchObject({ status: 503, body: { dependencies: ['restaurant'] } });
    for (const { status } of others) expect(status).toBe(202);
    expect(await stored()).toBe(before + others.length);
    await world().platform.thaw('restaurant-1');
    await until('a verdict', () => place('synchronous'), says([]));
  });

  test('the same key at two replicas is one order', async () => {
    const headers = { 'order-style': 'synchronous', 'idempotency-key': 'one' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (__, index) => post(url(index % 2), GOOD_ORDER, headers)),
    );
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toHaveLength(1);
    expect(answers[0]?.status).toBe(201);
  });
});

describe('respond-first', () => {
  const taken: Answer[] = [];

  test.each(phases)('%s', async (_, down) => {
    await takeDown(down);
    const answers = [await place('respond-first'), await place('respond-first', BAD_ORDER)];
    for (const { status, body } of answers) expect([status, body.status]).toEqual([202, 'PENDING']);
    taken.push(...answers);
    if (down.length > 0) {
      const waited = await place('respond-first', GOOD_ORDER, { prefer: 'wait=1' });
      expect(waited).toMatchObject({ status: 202, headers: { 'preference-applied': 'wait=1' } });
      return;
    }
    for (const replica of [0, 1]) {
      const waited = await post(url(replica), GOOD_ORDER, { 'order-style': 'respond-first', prefer: 'wait=60' });
      expect(waited).toMatchObject({ status: 201, body: { status: 'VALIDATED' } });
      const pending = await post(url(replica), BAD_ORDER);
      const polled = await call('GET', `${url(1 - replica)}/${pending.body.id}`, undefined, { prefer: 'wait=15' });
      expect(polled).toMatchObject({ status: 200, body: { status: 'REJECTED' } });
    }

    const { statuses } = await world().allDecided(120_000);
    expect(Object.keys(statuses).toSorted()).toEqual(['REJECTED', 'VALIDATED']);
    for (const [index, { body }] of taken.entries()) {
      const now = await get(`${url()}/${body.id}`);
      expect(now.body.status).toBe(index % 2 === 0 ? 'VALIDATED' : 'REJECTED');
    }
  });
});

describe('messaging', () => {
  const asked: string[] = [];

  test.each(phases)('%s', async (phase, down) => {
    await takeDown(down);
    const before = await world().state.orders();
    const id = `story-${phase.replaceAll(' ', '-')}`;
    asked.push(id);
    const answering = post(`${shop().url}/purchases`, { id, order: GOOD_ORDER }).catch(() => undefined);
    if (down.length > 0) {
      // Nobody can judge it now; it is taken all the same, and the answer comes when there is one.
      const isNew = ({ id }: { readonly id: string }) => !before.has(id);
      const added = async () => [...(await world().state.orders()).values()].filter(isNew);
      const [order] = await until('the order', added, ({ length }) => length === 1);
      expect(order?.status).toBe('PENDING');
      return;
    }
    await answering;
    for (const name of asked) {
      const ask = () => get(`${shop().url}/purchases/${name}`);
      const { body } = await until(`the outcome of ${name}`, ask, ({ status }) => status === 200, 120_000);
      expect(body).toMatchObject({ kind: 'settled', order: { status: 'VALIDATED' } });
    }
  });
});

describe('the style of a request', () => {
  test('that is none is refused, and the styles are named', async () => {
    const before = await stored();
    const answer = await place('telepathic');
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'Order-Style' }] } });
    expect(await stored()).toBe(before);
  });
});
