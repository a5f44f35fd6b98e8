import type { PlatformOptions } from '@standing-order/local';
import { AWKWARD_CONSUMER_IDS } from '@standing-order/testing/consumer-ids';
import { poll } from '@standing-order/testing/poll';
import { AUDIENCE, startTestIssuer, type TestIssuer } from '@standing-order/testing/test-issuer';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { call } from '../support/client.ts';
import { listen } from '../support/listener.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { startReceiver } from '../support/receiver.ts';

const STYLES = ['respond-first', 'synchronous', 'replication'] as const;

/** Consumers whose ids are the subjects of their tokens, on a platform with an issuer. */
export function testConsumerIds(store: NonNullable<PlatformOptions['store']>): void {
  let issuer: TestIssuer;
  const bearer = async (claims: object) => ({ authorization: `Bearer ${await issuer.token({ ...claims })}` });
  const admin = () => bearer({ sub: 'root', roles: ['admin'] });

  const fixture = usePlatform(async () => {
    issuer = await startTestIssuer();
    const env = { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE };
    return {
      store,
      replicas: { order: 1, notification: 1 },
      env: { order: { ...env, STYLE_OVERRIDE: 'allowed' }, consumer: env, restaurant: env, notification: env },
      headers: await admin(),
    };
  });
  afterAll(() => issuer?.close());
  const url = (service: 'order' | 'consumer' | 'notification', path: string) =>
    `${fixture().platform.urls[service][0]}${path}`;

  test.each(AWKWARD_CONSUMER_IDS)(
    'the subject %s is a consumer in every style, list, stream and webhook',
    async (id) => {
      const path = `/consumers/${encodeURIComponent(id)}`;
      const own = await bearer({ sub: id });
      const other = await bearer({ sub: `${id.slice(0, -1)}~` });
      const consumer = { id, name: 'Ada', active: true, orderLimit: { amount: 100_000, currency: 'EUR' } };
      const created = await call('POST', url('consumer', '/consumers'), consumer, await admin());
      expect([created.status, created.headers.location]).toEqual([201, path]);
      expect((await call('GET', url('consumer', path), undefined, own)).body).toEqual(consumer);
      expect((await call('GET', url('consumer', path), undefined, other)).status).toBe(403);
      const patched = await call(
        'PATCH',
        url('consumer', path),
        { name: 'Ada L.' },
        { ...(await admin()), 'if-match': '"1"' },
      );
      expect(patched.body).toEqual({ ...consumer, name: 'Ada L.' });

      const receiver = await startReceiver();
      const hook = await call(
        'POST',
        url('notification', '/webhooks'),
        { url: receiver.url, consumerId: id },
        await admin(),
      );
      expect(hook.body).toMatchObject({ consumerId: id });
      const stream = listen([url('order', '')], `${path}/orders/events`, own);
      onTestFinished(() => stream.close());

      const placed: string[] = [];
      for (const style of STYLES) {
        const answer = await poll(
          `an order is decided with the style ${style}`,
          () =>
            call(
              'POST',
              url('order', '/orders'),
              { ...GOOD_ORDER, consumerId: id },
              { ...own, 'order-style': style, prefer: 'wait=20' },
            ),
          // A local copy that does not have the new consumer yet refuses the order.
          ({ status }) => status !== 422,
        );
        expect([style, answer.status, answer.body.status, answer.body.consumerId]).toEqual([
          style,
          201,
          'VALIDATED',
          id,
        ]);
        placed.push(answer.body.id);
      }
      const foreign = await call('POST', url('order', '/orders'), { ...GOOD_ORDER, consumerId: id }, other);
      expect(foreign.status).toBe(403);

      const listed = await poll(
        'the list has all orders',
        () => call('GET', url('order', `${path}/orders?limit=2`), undefined, own),
        ({ body }) => body.next !== undefined,
      );
      const rest = await poll(
        'the next page has the others',
        () => call('GET', url('order', listed.body.next), undefined, own),
        ({ body }) => body.orders.length > 0,
      );
      const ids = [...listed.body.orders, ...rest.body.orders].map((order: { id: string }) => order.id);
      expect(ids.toSorted()).toEqual(placed.toSorted());
      expect((await call('GET', url('order', `${path}/orders`), undefined, other)).status).toBe(403);
      await poll(
        'the stream has all orders',
        () => new Set(stream.heard.map(({ order }) => order.id)),
        (heard) => placed.every((one) => heard.has(one)),
      );
      expect(new Set(stream.heard.map(({ order }) => order.consumerId))).toEqual(new Set([id]));
      await poll(
        'the webhook has all orders',
        () => receiver.taken(hook.body.secret),
        (taken) => placed.every((one) => taken.has(one)),
      );
      expect(receiver.arrived.map(({ body }) => JSON.parse(body).data.consumerId)).toEqual(placed.map(() => id));
    },
  );

  test('no key of the store contains a character of an id that separates keys', async () => {
    const keys = (await fixture().state.keys()).map((key) => key.split('||'));
    for (const parts of keys) expect(parts).toHaveLength(2);
    expect(keys.map(([, key]) => key)).toContain('ci:auth0.7C5f7c8ec7c33c6c004bbafe82');
  });
}
