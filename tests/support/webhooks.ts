import { poll } from '@standing-order/testing/poll';
import { beforeAll, expect } from 'vitest';
import { post } from './client.ts';
import type { PlatformFixture } from './platform-fixture.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export const ARRIVE_WITHIN_MS = 120_000;

export interface Registered {
  readonly id: string;
  readonly secret: string;
}

/** Resolves when the events of these orders have arrived, each with a valid signature; rejects with the missing orders. */
export const arrive = (receiver: Receiver, { secret }: Registered, orders: readonly string[]): Promise<unknown> =>
  poll(
    'the event of every order arrives',
    () => {
      const taken = receiver.taken(secret);
      return orders.filter((order) => !taken.has(order));
    },
    (missing) => missing.length === 0,
    ARRIVE_WITHIN_MS,
  );

/** The webhooks of a platform; one of them is subscribed to all events. */
export interface Webhooks {
  /** Below `/webhooks`, at one of the notification service's replicas. */
  url(path?: string, replica?: number): string;
  register(receiver: Receiver, more?: object): Promise<Registered>;
  /** The receiver that is subscribed to all events. */
  readonly all: Receiver;
  hook: Registered;
}

/** Registers the webhook for all events before the tests of this file. */
export function useWebhooks(fixture: () => PlatformFixture): () => Webhooks {
  const url = (path = '', replica = 0) => `${fixture().platform.urls.notification[replica]}/webhooks${path}`;

  async function register(receiver: Receiver, more: object = {}): Promise<Registered> {
    const { status, body } = await post(url(), { url: receiver.url, ...more });
    expect(status).toBe(201);
    return body;
  }

  let webhooks: Webhooks | undefined;
  beforeAll(async () => {
    const all = await startReceiver();
    webhooks = { url, register, all, hook: await register(all, { description: 'everything' }) };
  });
  return () => {
    if (webhooks === undefined) throw new Error('the webhook for all events was not registered');
    return webhooks;
  };
}
