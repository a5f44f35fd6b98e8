import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPortBase, type Platform, type PlatformOptions, startPlatform } from '@standing-order/local';
import { waitUntil } from '@standing-order/testing/wait-until';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type Answer, concurrently, get, post } from './client.ts';
import { postgresState } from './postgres-state.ts';
import { connectRedis, type Redis } from './redis.ts';
import { judge, redisState, type StateReader, type Verdict } from './state.ts';

export const CONSUMER = 'ada';
export const RESTAURANT = 'trattoria';

/** An order that both services agree to. */
export const GOOD_ORDER = {
  consumerId: CONSUMER,
  restaurantId: RESTAURANT,
  lines: [{ itemId: 'margherita', quantity: 2 }],
};

export interface PlaceOptions {
  /** Replicas to place at, in turn; all by default. */
  readonly replicas?: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole platform for one test file, with one consumer and one restaurant in it, and views of it from outside. */
export interface World {
  readonly platform: Platform;
  readonly state: StateReader;
  /** Of a platform whose broker is Redis. */
  readonly broker: Redis;
  /** Ids of every order of `place` that was answered with 202. */
  readonly acknowledged: ReadonlySet<string>;
  /** Places that many good orders, up to 32 at a time. */
  place(count: number, options?: PlaceOptions): Promise<Answer[]>;
  verdict(): Promise<Verdict>;
  /**
   * Resolves when every acknowledged order is VALIDATED and every stored order is decided; rejects at the deadline with what is
   * not, and at once when an acknowledged order is refused.
   */
  allDecided(deadlineMs?: number): Promise<Verdict>;
}

export interface WorldOptions extends Partial<PlatformOptions> {
  /** Sent along when the consumer and the restaurant are created. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts a platform before the tests of this file or block and takes it down after them; its logs stay if one failed. */
export function useWorld(options: () => WorldOptions | Promise<WorldOptions>): () => World {
  let world: World | undefined;
  const ends: (() => unknown)[] = [];
  let failed = false;

  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'standing-order-'));
    ends.push(() =>
      failed ? console.error(`the platform's logs are in ${dataDir}/logs`) : rmSync(dataDir, { recursive: true }),
    );
    failed = true;
    const portBase = await findPortBase();
    world = await startWorld({ portBase, dataDir, replicas: { order: 2 }, ...(await options()) }, ends);
    failed = false;
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => {
      failed = true;
    });
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });

  return () => {
    if (world === undefined) throw new Error('the platform did not start');
    return world;
  };
}

/** Pushes onto `ends` how to take down what has been started, also when it rejects. */
async function startWorld(
  { headers, ...options }: PlatformOptions & WorldOptions,
  ends: (() => unknown)[],
): Promise<World> {
  const platform = await startPlatform(options);
  ends.push(() => platform.close());
  const broker = options.broker === 'kafka' ? undefined : await connectRedis(platform.stores.broker);
  ends.push(() => broker?.destroy());
  const readState = options.store === 'postgresql' ? postgresState : redisState;
  const state = await readState(platform.stores.state);
  ends.push(() => state.close());
  await seed(platform, headers);

  const acknowledged = new Set<string>();
  const verdict = async () => judge(acknowledged, await state.orders());
  const noneRefused = async () => {
    const judged = await verdict();
    expect(judged.refused, 'good orders that were refused').toEqual([]);
    return judged;
  };
  return {
    platform,
    state,
    get broker() {
      if (broker === undefined) throw new Error('the broker of this platform is no Redis');
      return broker;
    },
    acknowledged,
    place: (count, { replicas = platform.urls.order.keys().toArray(), headers } = {}) =>
      concurrently(count, 32, async (index) => {
        const url = platform.urls.order[replicas[index % replicas.length] ?? 0];
        const answer = await post(`${url}/orders`, GOOD_ORDER, headers);
        if (answer.status === 202) acknowledged.add(answer.body.id);
        return answer;
      }),
    verdict,
    allDecided: (deadlineMs = 60_000) =>
      waitUntil(
        'every order is there and decided',
        noneRefused,
        ({ lost, undecided }) => lost.length === 0 && undecided.length === 0,
        deadlineMs,
      ),
  };
}

async function seed({ urls }: Platform, headers: WorldOptions['headers']): Promise<void> {
  const created = await Promise.all([
    post(
      `${urls.consumer[0]}/consumers`,
      { id: CONSUMER, name: 'Ada', orderLimit: { amount: 100_000, currency: 'EUR' } },
      headers,
    ),
    post(
      `${urls.restaurant[0]}/restaurants`,
      {
        id: RESTAURANT,
        name: 'Trattoria',
        currency: 'EUR',
        menu: [{ id: 'margherita', name: 'Margherita', price: 950 }],
      },
      headers,
    ),
  ]);
  for (const { status, body } of created) if (status !== 201) throw new Error(`not seeded: ${JSON.stringify(body)}`);
}

/** Waits until `url` answers 200. */
export async function answersOk(url: string, deadlineMs?: number): Promise<void> {
  await waitUntil(
    `${url} answers 200`,
    async () => {
      const { status, body } = await get(url);
      return { status, body };
    },
    ({ status }) => status === 200,
    deadlineMs,
  );
}
