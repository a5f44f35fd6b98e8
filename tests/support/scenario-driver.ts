import { poll } from '@standing-order/testing/poll';
import { expect } from 'vitest';
import { get, type HttpResponse, post } from './client.ts';
import { answersOk, GOOD_ORDER, type PlatformFixture } from './platform-fixture.ts';
import type { Shop } from './shop.ts';

/** An order that the restaurant refuses. */
export const BAD_ORDER = { ...GOOD_ORDER, lines: [{ itemId: 'moon-rock', quantity: 1 }] };

/** The responses to a good and to a bad order, or their outcomes by message. */
export interface Responses {
  readonly good: string;
  readonly bad: string;
}

/** The expected final statuses. */
export const OUTCOME: Responses = { good: 'VALIDATED', bad: 'REJECTED' };

const orders = [
  ['good', GOOD_ORDER],
  ['bad', BAD_ORDER],
] as const;

const DECIDED_WITHIN_MS = 150_000;

type Validator = 'consumer' | 'restaurant';

/** Stops validators, places orders in any style, and records the expected decision of each order. */
export type ScenarioDriver = ReturnType<typeof createScenarioDriver>;

export function createScenarioDriver(fixture: () => PlatformFixture, shop: () => Shop) {
  /** Expected statuses of the acknowledged orders, and expected outcomes of the purchases by message. */
  const acknowledged = new Map<string, string>();
  const requested = new Map<string, string>();
  let decidedUpFront = 0;
  let down: readonly Validator[] = [];
  let downBefore: readonly Validator[] = [];

  const url = (replica = 0) => `${fixture().platform.urls.order[replica]}/orders`;
  const place = (style: string, order: object = GOOD_ORDER, headers: Record<string, string> = {}) =>
    post(url(), order, { 'order-style': style, ...headers });
  const stored = async () => (await fixture().state.orders()).size;

  const copies = async (): Promise<Record<Validator, { readonly fresh: boolean; readonly entities: number }>> =>
    (await get(`${fixture().platform.urls.order[0]}/replicas`)).body;

  /** True while a 503 still names a validator that has just restarted: its circuit breaker is about to close. */
  function isLate({ status, body }: HttpResponse): boolean {
    const restarted = downBefore.filter((name) => !down.includes(name));
    const named: Validator[] = (status === 503 && body.dependencies) || [];
    return (
      named.some((name) => restarted.includes(name)) && named.every((name) => [...restarted, ...down].includes(name))
    );
  }

  /** Records the expected decision that follows from a response. */
  async function recordResponse(answering: Promise<HttpResponse>, kind: keyof Responses): Promise<HttpResponse> {
    const answer = await answering;
    if (answer.status === 202) acknowledged.set(answer.body.id, OUTCOME[kind]);
    if (answer.status === 201) decidedUpFront++;
    return answer;
  }

  async function outcomeOf(id: string): Promise<string> {
    const readPurchase = () => get(`${shop().url}/purchases/${id}`);
    const { body } = await poll(
      `the outcome of ${id}`,
      readPurchase,
      ({ status }) => status === 200,
      DECIDED_WITHIN_MS,
    );
    return body.order.status;
  }

  /** Makes the shop buy. The shop responds with the outcome, so possibly never; the test reads the outcome later. */
  function buy(id: string, order: object, due: string): void {
    requested.set(id, due);
    post(`${shop().url}/purchases`, { id, order }).catch(() => undefined);
  }

  return {
    url,
    place,
    stored,

    /** Starts every stopped service, waits until all are ready, and kills these validators. */
    async stopValidators(names: readonly Validator[]): Promise<void> {
      const { platform } = fixture();
      const stopped = platform.processes().filter(({ kind, state }) => kind === 'service' && state !== 'running');
      for (const { name } of stopped) await platform.start(name);
      for (const name of ['consumer', 'restaurant'] as const) await answersOk(`${platform.urls[name][0]}/readyz`);
      await poll('copies are fresh and have the entities', copies, ({ consumer, restaurant }) =>
        [consumer, restaurant].every(({ fresh, entities }) => fresh && entities > 0),
      );
      [downBefore, down] = [down, names];
      await Promise.all(down.map((name) => platform.kill(`${name}-1`)));
    },

    /** Waits until the local copies of these validators' entities are stale. */
    waitUntilStale: (of: readonly Validator[]) =>
      poll('copies are stale', copies, (states) => of.every((name) => !states[name].fresh)),

    /** Places both orders and asserts the responses. */
    async expectResponses(style: string, due: Responses): Promise<void> {
      for (const [kind, order] of orders) {
        const answer = await poll(
          `${style}: ${due[kind]}`,
          () => recordResponse(place(style, order), kind),
          (seen) => !isLate(seen),
        );
        expect(summaryOf(answer), style).toBe(due[kind]);
        if (answer.status === 503) expect(answer.headers['retry-after']).toBeDefined();
        if (answer.status === 201) expect(answer.body.total).toEqual({ amount: 1900, currency: 'EUR' });
      }
    },

    /** Places both orders by message and asserts their outcomes. */
    async expectOutcomes(about: string, due: Responses): Promise<void> {
      for (const [kind, order] of orders) {
        buy(`${kind} ${about}`.replaceAll(' ', '-'), order, OUTCOME[kind]);
        expect(await outcomeOf(`${kind} ${about}`.replaceAll(' ', '-'))).toBe(due[kind]);
      }
    },

    /** Places both orders by message while no outcome is possible. */
    async placeByMessage(about: string): Promise<void> {
      const before = await fixture().state.orders();
      for (const [kind, order] of orders) buy(`${kind} ${about}`.replaceAll(' ', '-'), order, OUTCOME[kind]);
      const added = async () => [...(await fixture().state.orders()).values()].filter(({ id }) => !before.has(id));
      const both = await poll('both are acknowledged', added, ({ length }) => length === orders.length);
      expect(both.map(({ status }) => status)).toEqual(['PENDING', 'PENDING']);
    },

    /** Waits until all orders are decided as expected, and asserts that the store holds no other order. */
    async expectAllDecided(): Promise<void> {
      await fixture().allDecided(DECIDED_WITHIN_MS);
      for (const [id, status] of acknowledged) expect((await get(`${url()}/${id}`)).body).toMatchObject({ id, status });
      for (const [id, outcome] of requested) expect(await outcomeOf(id)).toBe(outcome);
      expect(await stored()).toBe(acknowledged.size + requested.size + decidedUpFront);
    },
  };
}

/** A response in short: its HTTP status, and the order status, the unavailable dependencies, or the reasons of refusal. */
export function summaryOf({ status, body }: HttpResponse): string {
  const codes = body.reasons?.map(({ code }: { code: string }) => code).join(' and ');
  return `${status} ${body.status === status ? (body.dependencies?.join(' and ') ?? codes) : body.status}`;
}
