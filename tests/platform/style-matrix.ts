import type { BrokerKind } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { beforeAll, describe, expect, test } from 'vitest';
import { call, type HttpResponse, post } from '../support/client.ts';
import { GOOD_ORDER, type PlatformFixture, usePlatform } from '../support/platform-fixture.ts';
import {
  BAD_ORDER,
  createScenarioDriver,
  OUTCOME,
  type Responses,
  type ScenarioDriver,
  summaryOf,
} from '../support/scenario-driver.ts';
import { shopSubscription, useShop } from '../support/shop.ts';

/** Maximum age of local copies, in milliseconds. */
const BOUND_MS = 8_000;

const phases = [
  { phase: 'both are up', down: [] },
  { phase: 'consumer is down', down: ['consumer'] },
  { phase: 'restaurant is down', down: ['restaurant'] },
  { phase: 'both are down', down: ['consumer', 'restaurant'] },
  { phase: 'both are up again', down: [] },
] as const;
type Phase = (typeof phases)[number]['phase'];

const both = (summary: string): Responses => ({ good: summary, bad: summary });
const DECIDED = { good: '201 VALIDATED', bad: '422 ITEM_NOT_ON_MENU' };
const ACKNOWLEDGED = both('202 PENDING');
const NO_OUTCOME = both('no outcome yet');

/** The phases, with the expected response per style. Their order matters: copies age from the start of an outage. */
const EXPECTED = {
  'replication, as long as copies are fresh': {
    'both are up': DECIDED,
    'consumer is down': DECIDED,
    'restaurant is down': DECIDED,
    'both are down': DECIDED,
    'both are up again': DECIDED,
  },
  synchronous: {
    'both are up': DECIDED,
    'consumer is down': both('503 consumer'),
    'restaurant is down': both('503 restaurant'),
    'both are down': both('503 consumer and restaurant'),
    'both are up again': DECIDED,
  },
  'respond-first': {
    'both are up': ACKNOWLEDGED,
    'consumer is down': ACKNOWLEDGED,
    'restaurant is down': ACKNOWLEDGED,
    'both are down': ACKNOWLEDGED,
    'both are up again': ACKNOWLEDGED,
  },
  messaging: {
    'both are up': OUTCOME,
    'consumer is down': NO_OUTCOME,
    'restaurant is down': NO_OUTCOME,
    'both are down': NO_OUTCOME,
    'both are up again': OUTCOME,
  },
  'replication, when copies may be stale': {
    'both are up': DECIDED,
    'consumer is down': ACKNOWLEDGED,
    'restaurant is down': ACKNOWLEDGED,
    'both are down': ACKNOWLEDGED,
    'both are up again': DECIDED,
  },
} as const satisfies Record<string, Record<Phase, Responses>>;
type Case = keyof typeof EXPECTED;
const cases = Object.keys(EXPECTED) as Case[];

/**
 * Plays Microservices Patterns, 3.4, on one broker: places an order in each style while both validators are up, one is down,
 * both are down, and both are up again. Asserts the response to the client and the later decision.
 */
export function runStyleMatrix(broker: BrokerKind): void {
  const fixture = usePlatform(() => ({
    broker,
    env: { order: { STYLE_OVERRIDE: 'allowed', REPLICA_STALENESS_MS: String(BOUND_MS) } },
    resources: (resources) => [...resources, shopSubscription],
  }));
  const shop = useShop(fixture);

  const driver = createScenarioDriver(fixture, shop);

  describe.each(phases)('$phase', ({ phase, down }) => {
    beforeAll(() => driver.stopValidators(down));

    test.each(cases)('%s', async (name) => {
      const due: Responses = EXPECTED[name][phase];
      if (name === 'messaging')
        return due === NO_OUTCOME ? driver.placeByMessage(phase) : driver.expectOutcomes(phase, due);
      if (name === 'replication, when copies may be stale') await driver.waitUntilStale(down);
      const before = await driver.stored();
      await driver.expectResponses(name.split(',')[0] ?? '', due);
      const kept = due === ACKNOWLEDGED ? 2 : due === DECIDED ? 1 : 0;
      expect(await driver.stored()).toBe(before + kept);
    });
  });

  test('afterwards every acknowledged order is decided correctly, and no other order exists', () =>
    driver.expectAllDecided());
  describe('besides', () => besides(fixture, driver));
}

function besides(fixture: () => PlatformFixture, { url, place, stored }: ScenarioDriver): void {
  test('a service that hangs delays its callers by seconds and no other caller', async () => {
    await fixture().platform.pause('restaurant-1');
    const before = await stored();
    const [hanging, waited, ...others] = await Promise.all([
      place('synchronous'),
      place('respond-first', GOOD_ORDER, { prefer: 'wait=1' }),
      ...Array.from({ length: 20 }, () => place('respond-first')),
    ]);
    expect(summaryOf(hanging as HttpResponse)).toBe('503 restaurant');
    expect(waited).toMatchObject({ status: 202, headers: { 'preference-applied': 'wait=1' } });
    for (const { status } of others) expect(status).toBe(202);
    expect(await stored()).toBe(before + 1 + others.length);
    await fixture().platform.resume('restaurant-1');
    for (const replica of [0, 1]) {
      const placeAt = () => post(url(replica), GOOD_ORDER, { 'order-style': 'synchronous' });
      await poll('a decision', placeAt, ({ status }) => status === 201);
    }
  });

  test('the same key at two replicas is one order', async () => {
    const headers = { 'order-style': 'synchronous', 'idempotency-key': 'one' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => post(url(index % 2), GOOD_ORDER, headers)),
    );
    expect(answers[0]?.status).toBe(201);
    // Byte for byte: a replica that reads the stored order gets its keys in another order than the replica that stored it.
    const [first, ...others] = answers.map(({ status, body }) => JSON.stringify({ status, body }));
    for (const other of others) expect(other).toBe(first);
  });

  test.each([0, 1])('Prefer: wait returns the outcome at replica %i and at the other one', async (replica) => {
    const headers = { 'order-style': 'respond-first', prefer: 'wait=60' };
    expect(summaryOf(await post(url(replica), GOOD_ORDER, headers))).toBe('201 VALIDATED');
    const pending = await post(url(replica), BAD_ORDER);
    const polled = await call('GET', `${url(1 - replica)}/${pending.body.id}`, undefined, { prefer: 'wait=15' });
    expect(summaryOf(polled)).toBe('200 REJECTED');
  });

  test('an unknown style is refused, and no order is stored', async () => {
    const before = await stored();
    expect(await place('telepathic')).toMatchObject({ status: 400, body: { errors: [{ field: 'Order-Style' }] } });
    expect(await stored()).toBe(before);
  });
}
