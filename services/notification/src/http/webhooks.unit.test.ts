import { systemClock, systemRandom, uuidv7 } from '@standing-order/service-kit/runtime';
import { describe, expect, test } from 'vitest';
import { ENDPOINT_URL, eventOf, orderId, startService } from '../../test/service-fixture.ts';

describe('registration', () => {
  test('returns the secret in its response only', async () => {
    const { send } = startService();
    const made = await send('POST', '/webhooks', { url: ENDPOINT_URL, events: ['order.expired'], description: 'mine' });
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^whsec_/);
    const { secret, ...shown } = made.body;
    expect(shown).toMatchObject({
      url: ENDPOINT_URL,
      events: ['order.expired'],
      status: 'enabled',
      description: 'mine',
    });
    expect(made.headers.get('location')).toBe(`/webhooks/${shown.id}`);
    const seen = await send('GET', `/webhooks/${shown.id}`);
    expect(seen).toMatchObject({ status: 200, body: shown });
    expect(seen.body).not.toHaveProperty('secret');
    expect((await send('GET', '/webhooks')).body).toEqual({ webhooks: [seen.body] });
    const etag = seen.headers.get('etag') ?? '';
    expect((await send('GET', `/webhooks/${shown.id}`, undefined, { 'if-none-match': etag })).status).toBe(304);
  });

  test.each([
    [{}, 'url'],
    [{ url: 'nowhere' }, 'url'],
    [{ url: 'http://example.com/' }, 'url'],
    [{ url: 'https://127.1/' }, 'url'],
    [{ url: `https://example.com/${'x'.repeat(2_048)}` }, 'url'],
    [{ url: ENDPOINT_URL, events: [] }, 'events'],
    [{ url: ENDPOINT_URL, events: ['order.eaten'] }, 'events[0]'],
    [{ url: ENDPOINT_URL, consumerId: 'no such id ' }, 'consumerId'],
    [{ url: ENDPOINT_URL, secret: 'mine' }, 'secret'],
    ['{', 'body'],
  ])('rejects %j and names the field', async (body, field) => {
    const { send } = startService();
    const { status, body: problem } = await send('POST', '/webhooks', body);
    expect([400, 422]).toContain(status);
    expect(problem.errors.map((error: { field: string }) => error.field)).toEqual([field]);
    expect((await send('GET', '/webhooks')).body).toEqual({ webhooks: [] });
  });

  test('allows at most 100 endpoints', async () => {
    const { send } = startService();
    for (let count = 0; count < 100; count++)
      expect((await send('POST', '/webhooks', { url: ENDPOINT_URL })).status).toBe(201);
    const { status, body } = await send('POST', '/webhooks', { url: ENDPOINT_URL });
    expect([status, body.detail]).toEqual([403, 'the maximum of 100 webhooks is reached; delete one first']);
  });

  test('responds with outcome-unknown when the state store does not confirm the write', async () => {
    const { send, store } = startService();
    store.acceptsWrite = () => false;
    expect(await send('POST', '/webhooks', { url: ENDPOINT_URL })).toMatchObject({
      status: 503,
      body: { type: 'urn:standing-order:problem:outcome-unknown' },
    });
  });
});

describe('an endpoint', () => {
  test('gets a new secret, which only this response contains', async () => {
    const { send, endpoints } = startService();
    const { id, secret } = (await send('POST', '/webhooks', { url: ENDPOINT_URL })).body;
    const { status, body } = await send('POST', `/webhooks/${id}/secret`);
    expect(status).toBe(200);
    expect(body).toEqual({
      secret: expect.stringMatching(/^whsec_/),
      previousUntil: new Date(86_401_000).toISOString(),
    });
    expect(await endpoints.list()).toMatchObject([{ secret: body.secret, previous: [{ secret, until: 86_401_000 }] }]);
  });

  test('is changed only at the version in If-Match, if the request has one', async () => {
    const { send } = startService();
    const { body, headers } = await send('POST', '/webhooks', { url: ENDPOINT_URL });
    const seen = { 'if-match': headers.get('etag') ?? '' };
    expect((await send('POST', `/webhooks/${body.id}/secret`, undefined, seen)).status).toBe(200);
    expect((await send('DELETE', `/webhooks/${body.id}`, undefined, seen)).status).toBe(412);
    expect((await send('DELETE', `/webhooks/${body.id}`)).status).toBe(204);
    expect((await send('DELETE', `/webhooks/${body.id}`)).status).toBe(404);
    expect((await send('GET', '/webhooks')).body).toEqual({ webhooks: [] });
  });

  test.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/secret'],
    ['POST', '/enable'],
    ['GET', '/deliveries'],
    ['POST', `/deliveries/${eventOf(orderId())}/redeliver`],
    ['POST', '/redeliver'],
  ])('that does not exist is a 404: %s %s', async (method, path) => {
    const { send } = startService();
    for (const id of [uuidv7(systemClock, systemRandom), 'nonsense']) {
      expect(await send(method, `/webhooks/${id}${path}`)).toMatchObject({ status: 404, body: { status: 404 } });
    }
  });
});
