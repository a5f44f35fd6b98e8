import { waitUntil } from '@standing-order/testing/wait-until';
import { expect } from 'vitest';
import { type Answer, get, post } from './client.ts';
import type { Shop } from './shop.ts';
import { answersOk, GOOD_ORDER, type World } from './world.ts';

/** An order that no restaurant would take. */
export const BAD_ORDER = { ...GOOD_ORDER, lines: [{ itemId: 'moon-rock', quantity: 1 }] };

/** What clients hear who place a good order and a bad one; or, by message, what the outcome is. */
export interface Heard {
  readonly good: string;
  readonly bad: string;
}

/** Verdicts that are due in the end. */
export const OUTCOME: Heard = { good: 'VALIDATED', bad: 'REJECTED' };

const orders = [
  ['good', GOOD_ORDER],
  ['bad', BAD_ORDER],
] as const;

const HEAR_WITHIN_MS = 150_000;

type Validator = 'consumer' | 'restaurant';

/** Takes services down, places orders in any style, and remembers what has to come of them. */
export type Teller = ReturnType<typeof createTeller>;

export function createTeller(world: () => World, shop: () => Shop) {
  /** Orders that were taken, with the verdict that is due; and who waits for an outcome by message. */
  const taken = new Map<string, string>();
  const asked = new Map<string, string>();
  let decidedAtOnce = 0;
  let down: readonly Validator[] = [];
  let downBefore: readonly Validator[] = [];

  const url = (replica = 0) => `${world().platform.urls.order[replica]}/orders`;
  const place = (style: string, order: object = GOOD_ORDER, headers: Record<string, string> = {}) =>
    post(url(), order, { 'order-style': style, ...headers });
  const stored = async () => (await world().state.orders()).size;

  async function freshness(): Promise<Record<Validator, boolean>> {
    const { consumer, restaurant } = (await get(`${world().platform.urls.order[0]}/replicas`)).body;
    return { consumer: consumer.fresh, restaurant: restaurant.fresh };
  }

  /** Whether somebody is still said not to answer who is back: a circuit breaker that was opened before closes soon. */
  function isLate({ status, body }: Answer): boolean {
    const back = downBefore.filter((name) => !down.includes(name));
    const named: Validator[] = (status === 503 && body.dependencies) || [];
    return named.some((name) => back.includes(name)) && named.every((name) => [...back, ...down].includes(name));
  }

  /** Notes what has to come of an answer. */
  async function keep(answering: Promise<Answer>, kind: keyof Heard): Promise<Answer> {
    const answer = await answering;
    if (answer.status === 202) taken.set(answer.body.id, OUTCOME[kind]);
    if (answer.status === 201) decidedAtOnce++;
    return answer;
  }

  async function outcomeOf(id: string): Promise<string> {
    const ask = () => get(`${shop().url}/purchases/${id}`);
    const { body } = await waitUntil(`the outcome of ${id}`, ask, ({ status }) => status === 200, HEAR_WITHIN_MS);
    return body.order.status;
  }

  /** Asks the shop to buy. It answers with the outcome, so perhaps never; what it knows in the end is asked for then. */
  function buy(id: string, order: object, due: string): void {
    asked.set(id, due);
    post(`${shop().url}/purchases`, { id, order }).catch(() => undefined);
  }

  return {
    url,
    place,
    stored,

    /** Starts what is down, waits until all is as it was at first, and kills these. */
    async takeDown(names: readonly Validator[]): Promise<void> {
      const { platform } = world();
      const stopped = platform.parts().filter(({ kind, state }) => kind === 'service' && state !== 'running');
      for (const { name } of stopped) await platform.start(name);
      for (const name of ['consumer', 'restaurant'] as const) await answersOk(`${platform.urls[name][0]}/readyz`);
      await waitUntil('copies are fresh', freshness, (fresh) => fresh.consumer && fresh.restaurant);
      [downBefore, down] = [down, names];
      await Promise.all(down.map((name) => platform.kill(`${name}-1`)));
    },

    /** Waits until no order is decided on copies of what these have. */
    untilStale: (of: readonly Validator[]) =>
      waitUntil('copies are stale', freshness, (fresh) => of.every((name) => !fresh[name])),

    /** Places both orders, and hears what is due. */
    async hear(style: string, due: Heard): Promise<void> {
      for (const [kind, order] of orders) {
        const answer = await waitUntil(
          `${style}: ${due[kind]}`,
          () => keep(place(style, order), kind),
          (seen) => !isLate(seen),
        );
        expect(words(answer), style).toBe(due[kind]);
        if (answer.status === 503) expect(answer.headers['retry-after']).toBeDefined();
        if (answer.status === 201) expect(answer.body.total).toEqual({ amount: 1900, currency: 'EUR' });
      }
    },

    /** Orders both by message, and hears their outcomes. */
    async hearOutcomes(about: string, due: Heard): Promise<void> {
      for (const [kind, order] of orders) {
        buy(`${kind} ${about}`.replaceAll(' ', '-'), order, OUTCOME[kind]);
        expect(await outcomeOf(`${kind} ${about}`.replaceAll(' ', '-'))).toBe(due[kind]);
      }
    },

    /** Orders both by message while there can be no outcome yet. */
    async ask(about: string): Promise<void> {
      const before = await world().state.orders();
      for (const [kind, order] of orders) buy(`${kind} ${about}`.replaceAll(' ', '-'), order, OUTCOME[kind]);
      const added = async () => [...(await world().state.orders()).values()].filter(({ id }) => !before.has(id));
      const both = await waitUntil('both are taken', added, ({ length }) => length === orders.length);
      expect(both.map(({ status }) => status)).toEqual(['PENDING', 'PENDING']);
    },

    /** Waits until all of them are decided, as they should be, and finds nothing else. */
    async allAsDue(): Promise<void> {
      await world().allDecided(HEAR_WITHIN_MS);
      for (const [id, status] of taken) expect((await get(`${url()}/${id}`)).body).toMatchObject({ id, status });
      for (const [id, outcome] of asked) expect(await outcomeOf(id)).toBe(outcome);
      expect(await stored()).toBe(taken.size + asked.size + decidedAtOnce);
    },
  };
}

/** An answer in short: its status, and the verdict, why there is none, or why it is no. */
export function words({ status, body }: Answer): string {
  const codes = body.reasons?.map(({ code }: { code: string }) => code).join(' and ');
  return `${status} ${body.status === status ? (body.dependencies?.join(' and ') ?? codes) : body.status}`;
}
