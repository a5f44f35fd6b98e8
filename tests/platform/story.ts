import type { BrokerKind } from '@standing-order/local';
import { waitUntil } from '@standing-order/testing/wait-until';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, call, post } from '../support/client.ts';
import { shopSubscription, useShop } from '../support/shop.ts';
import { BAD_ORDER, createTeller, type Heard, OUTCOME, type Teller, words } from '../support/teller.ts';
import { GOOD_ORDER, useWorld, type World } from '../support/world.ts';

/** How old copies may be for orders to be decided on them. */
const BOUND_MS = 8_000;

const phases = [
  { phase: 'both are up', down: [] },
  { phase: 'consumer is down', down: ['consumer'] },
  { phase: 'restaurant is down', down: ['restaurant'] },
  { phase: 'both are down', down: ['consumer', 'restaurant'] },
  { phase: 'both are back', down: [] },
] as const;
type Phase = (typeof phases)[number]['phase'];

const both = (words: string): Heard => ({ good: words, bad: words });
const VERDICT = { good: '201 VALIDATED', bad: '422 ITEM_NOT_ON_MENU' };
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

  const teller = createTeller(world, shop);

  describe.each(phases)('$phase', ({ phase, down }) => {
    beforeAll(() => teller.takeDown(down));

    test.each(chapters)('%s', async (chapter) => {
      const due: Heard = story[chapter][phase];
      if (chapter === 'messaging') return due === NOTHING_YET ? teller.ask(phase) : teller.hearOutcomes(phase, due);
      if (chapter === 'replication, when copies may be stale') await teller.untilStale(down);
      const before = await teller.stored();
      await teller.hear(chapter.split(',')[0] ?? '', due);
      const kept = due === TAKEN ? 2 : due === VERDICT ? 1 : 0;
      expect(await teller.stored()).toBe(before + kept);
    });
  });

  test('afterwards every order that was taken is decided, rightly, and nothing else is there', () => teller.allAsDue());
  describe('besides', () => besides(world, teller));
}

function besides(world: () => World, { url, place, stored }: Teller): void {
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
    for (const replica of [0, 1]) {
      const ask = () => post(url(replica), GOOD_ORDER, { 'order-style': 'synchronous' });
      await waitUntil('a verdict', ask, ({ status }) => status === 201);
    }
  });

  test('the same key at two replicas is one order', async () => {
    const headers = { 'order-style': 'synchronous', 'idempotency-key': 'one' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => post(url(index % 2), GOOD_ORDER, headers)),
    );
    expect(answers[0]?.status).toBe(201);
    // To the letter: whoever finds the order stored has its keys in another order than who stored it.
    const [first, ...others] = answers.map(({ status, body }) => JSON.stringify({ status, body }));
    for (const other of others) expect(other).toBe(first);
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
}
