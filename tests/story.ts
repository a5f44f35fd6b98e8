import type { BrokerKind } from '@standing-order/local';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, get, post } from './support/client.ts';
import { shopSubscription, useShop } from './support/shop.ts';
import { until } from './support/until.ts';
import { answersOk, GOOD_ORDER, useWorld } from './support/world.ts';

const BAD_ORDER = { ...GOOD_ORDER, lines: [{ itemId: 'moon-rock', quantity: 1 }] };

/** How old copies may be for orders to be decided on them. */
const BOUND_MS = 8_000;
const HEAR_WITHIN_MS = 150_000;

const phases = [
  { phase: 'both are up', down: [] },
  { phase: 'consumer is down', down: ['consumer'] },
  { phase: 'restaurant is down', down: ['restaurant'] },
  { phase: 'both are down', down: ['consumer', 'restaurant'] },
  { phase: 'both are back', down: [] },
] as const;
type Phase = (typeof phases)[number]['phase'];
type Down = readonly ('consumer' | 'restaurant')[];

/** What clients hear who place a good order, and one that no restaurant would take. */
interface Heard {
  readonly good: string;
  readonly bad: string;
}

const both = (words: string): Heard => ({ good: words, bad: words });
const VERDICT = { good: '201 VALIDATED', bad: '422 ITEM_NOT_ON_MENU' };
const OUTCOME = { good: 'VALIDATED', bad: 'REJECTED' };
const TAKEN = both('202 PENDING');
const NOTHING_YET = both('nothing yet');

/** The story: what whom is told, and when. In this order, since copies age from the moment at which somebody goes down. */
const story = {
  'replication, as long as copies are fresh': {
    'both are up': VERDICT,
    'consumer is down': VERDICT,
    'restaurant is down': VERDICT,
    'both are down': VERDICT,
    'both are back': VERDICT,
  },
  synchronous: {
    'both are up': VERDICT,
    'consumer is down': both('503 consumer'),
    'restaurant is down': both('503 restaurant'),
    'both are down': both('503 consumer and restaurant'),
    'both are back': VERDICT,
  },
  'respond-first': {
    'both are up': TAKEN,
    'consumer is down': TAKEN,
    'restaurant is down': TAKEN,
    'both are down': TAKEN,
    'both are back': TAKEN,
  },
  messaging: {
    'both are up': OUTCOME,
    'consumer is down': NOTHING_YET,
    'restaurant is down': NOTHING_YET,
    'both are down': NOTHING_YET,
    'both are back': OUTCOME,
  },
  'replication, when copies may be stale': {
    'both are up': VERDICT,
    'consumer is down': TAKEN,
    'restaurant is down': TAKEN,
    'both are down': TAKEN,
    'both are back': VERDICT,
  },
} as const satisfies Record<string, Record<Phase, Heard>>;
type Chapter = keyof typeof story;
const chapters = Object.keys(story) as Chapter[];

/**
 * Tells the story of Microservices Patterns, 3.4, on one broker: in each style an order is placed while the services that
 * have a say are up, one is down, both are down, and are back. What the client hears, and what is decided afterwards.
 */
export function tellStory(broker: BrokerKind): void {
  const world = useWorld(() => ({
    broker,
    env: { order: { STYLE_OVERRIDE: 'allowed', REPLICA_STALENESS_MS: String(BOUND_MS) } },
    resources: (resources) => [...resources, shopSubscription],
  }));
  const shop = useShop(world);

  /** Orders that were taken, with the verdict that is due; and who waits for an outcome by message. */
  const taken = new Map<string, string>();
  const asked = new Map<string, string>();
  let decidedAtOnce = 0;

  const url = (replica = 0) => `${world().platform.urls.order[replica]}/orders`;
  const place = (style: string, order: object = GOOD_ORDER, headers: Record<string, string> = {}) =>
    post(url(), order, { 'order-style': style, ...headers });
  const stored = async () => (await world().state.orders()).size;

  /** Whether orders are decided on copies of each service's data now. */
  const freshness = async () => {
    const { consumer, restaurant } = (await get(`${world().platform.urls.order[0]}/replicas`)).body;
    return { consumer: consumer.fresh, restaurant: restaurant.fresh };
  };

  async function takeDown(down: Down): Promise<void> {
    const { platform } = world();
    const stopped = platform.parts().filter(({ kind, state }) => kind === 'service' && state !== 'running');
    for (const { name } of stopped) await platform.start(name);
    await Promise.all(
      ['consumer', 'restaurant'].map((name) => answersOk(`${platform.urls[name as 'order'][0]}/readyz`)),
    );
    await until('copies are fresh', freshness, (fresh) => fresh.consumer && fresh.restaurant);
    await Promise.all(down.map((name) => platform.kill(`${name}-1`)));
  }

  /** Places both orders until what is heard is due; a circuit breaker that was opened before closes again by itself. */
  async function hear(style: string, due: Heard): Promise<void> {
    for (const [kind, order] of [
      ['good', GOOD_ORDER],
      ['bad', BAD_ORDER],
    ] as const) {
      const answer = await until(
        `${style}: ${due[kind]}`,
        () => keep(place(style, order), kind),
        (seen) => words(seen) === due[kind],
      );
      if (answer.status === 503) expect(answer.headers['retry-after']).toBeDefined();
      if (answer.status === 201) expect(answer.body.total).toEqual({ amount: 1900, currency: 'EUR' });
    }
  }

  /** Notes what has to come of an answer. */
  async function keep(answering: Promise<Answer>, kind: keyof Heard): Promise<Answer> {
    const answer = await answering;
    if (answer.status === 202) taken.set(answer.body.id, OUTCOME[kind]);
    if (answer.status === 201) decidedAtOnce++;
    return answer;
  }

  async function hearByMessage(phase: Phase, due: Heard): Promise<void> {
    const before = await world().state.orders();
    for (const [kind, order] of [
      ['good', GOOD_ORDER],
      ['bad', BAD_ORDER],
    ] as const) {
      const id = `${kind}-when-${phase.replaceAll(' ', '-')}`;
      asked.set(id, OUTCOME[kind]);
      // It is answered with the outcome, so perhaps never; what the shop knows in the end is asked for then.
      post(`${shop().url}/purchases`, { id, order }).catch(() => undefined);
      if (due !== NOTHING_YET) expect(await outcomeOf(id)).toBe(due[kind]);
    }
    if (due !== NOTHING_YET) return;
    const added = async () => [...(await world().state.orders()).values()].filter(({ id }) => !before.has(id));
    const orders = await until('both are taken', added, ({ length }) => length === 2);
    expect(orders.map(({ status }) => status)).toEqual(['PENDING', 'PENDING']);
  }

  async function outcomeOf(id: string): Promise<string> {
    const ask = () => get(`${shop().url}/purchases/${id}`);
    const { body } = await until(`the outcome of ${id}`, ask, ({ status }) => status === 200, HEAR_WITHIN_MS);
    return body.order.status;
  }

  describe.each(phases)('$phase', ({ phase, down }) => {
    beforeAll(() => takeDown(down));

    test.each(chapters)('%s', async (chapter) => {
      const due: Heard = story[chapter][phase];
      const before = await stored();
      if (chapter === 'messaging') return hearByMessage(phase, due);
      if (chapter === 'replication, when copies may be stale')
        await until('copies are stale', freshness, (fresh) => down.every((name) => !fresh[name]));
      await hear(chapter.split(',')[0] ?? '', due);
      const keptAny = due === TAKEN ? 2 : due === VERDICT ? 1 : 0;
      expect(await stored()).toBe(before + keptAny);
    });
  });

  test('afterwards every order that was taken is decided, rightly, and nothing else is there', async () => {
    await world().allDecided(HEAR_WITHIN_MS);
    for (const [id, verdict] of taken)
      expect((await get(`${url()}/${id}`)).body).toMatchObject({ id, status: verdict });
    for (const [id, outcome] of asked) expect(await outcomeOf(id)).toBe(outcome);
    expect(await stored()).toBe(taken.size + asked.size + decidedAtOnce);
  });

  describe('besides', () => {
    test('a service that hangs costs whoever asks it a few seconds, and holds up nobody else', async () => {
      await world().platform.freeze('restaurant-1');
      const before = await stored();
      const [hanging, waited, ...others] = await Promise.all([
        place('synchronous'),
        place('respond-first', GOOD_ORDER, { prefer: 'wait=1' }),
        ...Array.from({ length: 20 }, () => place('respond-first')),
      ]);
      expect(words(hanging as Answer)).toBe('503 restaurant');
      expect(waited).toMatchObject({ status: 202, headers: { 'preference-applied': 'wait=1' } });
      for (const { status } of others) expect(status).toBe(202);
      expect(await stored()).toBe(before + 1 + others.length);
      await world().platform.thaw('restaurant-1');
      await until(
        'a verdict',
        () => place('synchronous'),
        ({ status }) => status === 201,
      );
    });

    test('the same key at two replicas is one order', async () => {
      const headers = { 'order-style': 'synchronous', 'idempotency-key': 'one' };
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => post(url(index % 2), GOOD_ORDER, headers)),
      );
      expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body])))).toHaveLength(1);
      expect(answers[0]?.status).toBe(201);
    });

    test.each([0, 1])('who is ready to wait hears the verdict at replica %i, and at the other one', async (replica) => {
      const headers = { 'order-style': 'respond-first', prefer: 'wait=60' };
      expect(words(await post(url(replica), GOOD_ORDER, headers))).toBe('201 VALIDATED');
      const pending = await post(url(replica), BAD_ORDER);
      const polled = await call('GET', `${url(1 - replica)}/${pending.body.id}`, undefined, { prefer: 'wait=15' });
      expect(words(polled)).toBe('200 REJECTED');
    });

    test('a style that there is not is refused, and nothing is stored', async () => {
      const before = await stored();
      expect(await place('telepathic')).toMatchObject({ status: 400, body: { errors: [{ field: 'Order-Style' }] } });
      expect(await stored()).toBe(before);
    });
  });
}

/** An answer in short: its status, and the verdict, why there is none, or why it is no. */
function words({ status, body }: Answer): string {
  const codes = body.reasons?.map(({ code }: { code: string }) => code).join(' and ');
  return `${status} ${body.status === status ? (body.dependencies?.join(' and ') ?? codes) : body.status}`;
}
