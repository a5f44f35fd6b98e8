import { waitUntil } from '@standing-order/testing/wait-until';
import { beforeAll, expect } from 'vitest';
import { post } from './client.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import type { World } from './world.ts';

export const ARRIVE_WITHIN_MS = 120_000;

export interface Registered {
  readonly id: string;
  readonly secret: string;
}

/** The id of the event that an order's settlement is. */
export const eventOf = (orderId: string): string => `settled-${orderId}`;

/** Resolves when these events have arrived, each with a good signature; rejects with those that have not. */
export const arrive = (receiver: Receiver, { secret }: Registered, events: readonly string[]): Promise<unknown> =>
  waitUntil(
    'every event arrives',
    () => {
      const taken = receiver.taken(secret);
      return events.filter((event) => !taken.has(event));
    },
    (missing) => missing.length === 0,
    ARRIVE_WITHIN_MS,
  );

/** The webhooks of a platform, one of which is told everything. */
export interface Webhooks {
  /** Below `/webhooks`, at one of the notification service's replicas. */
  url(path?: string, replica?: number): string;
  register(receiver: Receiver, more?: object): Promise<Registered>;
  /** Who is told everything. */
  readonly all: Receiver;
  hook: Registered;
}

/** Registers the webhook that is told everything before the tests of this file. */
export function useWebhooks(world: () => World): () => Webhooks {
  const url = (path = '', replica = 0) => `${world().platform.urls.notification[replica]}/webhooks${path}`;

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
    if (webhooks === undefined) throw new Error('the webhook that is told everything was not registered');
    return webhooks;
  };
}
