import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPortBase, type Platform, type PlatformOptions, startPlatform } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { concurrently, get, type HttpResponse, post } from './client.ts';
import { postgresState } from './postgres-state.ts';
import { connectRedis, type Redis } from './redis.ts';
import { compareWithStore, redisState, type StateReader, type StoreComparison } from './state.ts';

export const CONSUMER = 'ada';
export const RESTAURANT = 'trattoria';

/** An order that both validators accept. */
export const GOOD_ORDER = {
  consumerId: CONSUMER,
  restaurantId: RESTAURANT,
  lines: [{ itemId: 'margherita', quantity: 2 }],
};

export interface PlaceOptions {
  /** Indexes of the replicas to place orders at, in turn; default: all. */
  readonly replicas?: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole platform for one test file, with one consumer and one restaurant, and direct views of its stores. */
export interface PlatformFixture {
  readonly platform: Platform;
  readonly state: StateReader;
  /** The broker, if it is Redis. */
  readonly broker: Redis;
  /** Ids of every order of `place` that was answered with 202. */
  readonly acknowledged: ReadonlySet<string>;
  /** Places that many good orders, up to 32 at a time. */
  place(count: number, options?: PlaceOptions): Promise<HttpResponse[]>;
  /** Compares the acknowledged orders with the stored ones. */
  compare(): Promise<StoreComparison>;
  /**
   * Resolves when every acknowledged order is VALIDATED and every stored order is decided; rejects at the deadline with
   * the others, and at once when an acknowledged order is refused.
   */
  allDecided(deadlineMs?: number): Promise<StoreComparison>;
}

export interface PlatformFixtureOptions extends Partial<PlatformOptions> {
  /** Request headers for creating the consumer and the restaurant. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts a platform before the tests of this file or block, and stops it after them. Its logs remain if a test failed. */
export function usePlatform(
  options: () => PlatformFixtureOptions | Promise<PlatformFixtureOptions>,
): () => PlatformFixture {
  let fixture: PlatformFixture | undefined;
  const ends: (() => unknown)[] = [];
  let failed = false;

  beforeAll(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'standing-order-'));
    ends.push(() =>
      failed ? console.error(`the platform's logs are in ${dataDir}/logs`) : rmSync(dataDir, { recursive: true }),
    );
    failed = true;
    const portBase = await findPortBase();
    fixture = await startFixture({ portBase, dataDir, replicas: { order: 2 }, ...(await options()) }, ends);
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
    if (fixture === undefined) throw new Error('the platform did not start');
    return fixture;
  };
}

/** Pushes a function onto `ends` for each started resource, also when it rejects later. */
async function startFixture(
  { headers, ...options }: PlatformOptions & PlatformFixtureOptions,
  ends: (() => unknown)[],
): Promise<PlatformFixture> {
  const platform = await startPlatform(options);
  ends.push(() => platform.close());
  const broker = options.broker === 'kafka' ? undefined : await connectRedis(platform.stores.broker);
  ends.push(() => broker?.destroy());
  const readState = options.store === 'postgresql' ? postgresState : redisState;
  const state = await readState(platform.stores.state);
  ends.push(() => state.close());
  await seed(platform, headers);

  const acknowledged = new Set<string>();
  const compare = async () => compareWithStore(acknowledged, await state.orders());
  const noneRefused = async () => {
    const comparison = await compare();
    expect(comparison.refused, 'good orders that were refused').toEqual([]);
    return comparison;
  };
  return {
    platform,
    state,
    get broker() {
      if (broker === undefined) throw new Error('the broker of this platform is not Redis');
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
    compare,
    allDecided: (deadlineMs = 60_000) =>
      poll(
        'every order is there and decided',
        noneRefused,
        ({ lost, undecided }) => lost.length === 0 && undecided.length === 0,
        deadlineMs,
      ),
  };
}

async function seed({ urls }: Platform, headers: PlatformFixtureOptions['headers']): Promise<void> {
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
  await poll(
    `${url} answers 200`,
    async () => {
      const { status, body } = await get(url);
      return { status, body };
    },
    ({ status }) => status === 200,
    deadlineMs,
  );
}
