import { describe, expect, test } from 'vitest';
import { ENDPOINT_URL, eventOf, orderId, startService } from '../../test/service-fixture.ts';
import { historyKey } from '../delivery/storage/logs.ts';
import { GIVE_UP_AFTER_MS } from '../domain/retry-schedule.ts';

describe('deliveries', () => {
  const failed = { position: 1, number: 1, ok: false, answered: 500, error: 'response status 500', random: 0.5 };

  /** An endpoint with a failed delivery, whose event has an id of an earlier version, and an open one. */
  async function withFailure() {
    const all = startService();
    const { id } = (await all.send('POST', '/webhooks', { url: ENDPOINT_URL })).body;
    const orders = [orderId(), orderId()] as const;
    await all.decide(...orders.map((order) => ({ id: order })));
    const [lost, open] = [`settled-${orders[0]}`, eventOf(orders[1])];
    const events = [lost, open].map((eventId, index) => ({ position: index + 1, eventId }));
    await all.states.update(id, [
      { kind: 'eventsRead', events, at: 0 },
      { kind: 'attempted', attempt: { ...failed, at: 500 } },
      { kind: 'attempted', attempt: { ...failed, number: 2, at: 500 + GIVE_UP_AFTER_MS } },
      { kind: 'attempted', attempt: { ...failed, position: 2, at: 600 } },
    ]);
    const past = { position: 1, eventId: lost, status: 'failed', attempts: 2, at: 500 } as const;
    await all.logs.history.append([
      { name: historyKey(id), entries: [{ id: '1-500', ...past, error: 'response status 500' }] },
    ]);
    return { ...all, id, lost, open };
  }

  test('are listed, open and finished', async () => {
    const { send, id, lost, open } = await withFailure();
    expect((await send('GET', `/webhooks/${id}/deliveries`)).body).toEqual({
      open: [
        {
          eventId: open,
          status: 'open',
          attempts: 1,
          at: new Date(600).toISOString(),
          nextAt: new Date(5_600).toISOString(),
          answered: 500,
          error: 'response status 500',
        },
      ],
      finished: [
        { eventId: lost, status: 'failed', attempts: 2, at: new Date(500).toISOString(), error: 'response status 500' },
      ],
    });
  });

  test('a failed or open delivery can be redelivered at once', async () => {
    const { send, id, lost, open, states } = await withFailure();
    for (const event of [lost, open]) {
      expect((await send('POST', `/webhooks/${id}/deliveries/${event}/redeliver`)).status).toBe(202);
    }
    const { state } = await states.read(id);
    expect(state.open).toEqual([
      { position: 1, eventId: lost, attempts: 0, dueAt: 1_000, asked: 1_000 },
      { position: 2, eventId: open, attempts: 0, dueAt: 1_000, asked: 1_000 },
    ]);
    expect((await send('POST', `/webhooks/${id}/deliveries/${eventOf(orderId())}/redeliver`)).status).toBe(404);
    expect((await send('POST', `/webhooks/${id}/deliveries/nonsense/redeliver`)).status).toBe(404);
  });

  test('all that failed since a time can be redelivered', async () => {
    const { send, id, states } = await withFailure();
    const since = (ms: number) =>
      send('POST', `/webhooks/${id}/redeliver`, { failedSince: new Date(ms).toISOString() });
    expect(await since(501)).toMatchObject({ status: 202, body: { redelivered: 0, left: 0 } });
    expect(await since(500)).toMatchObject({ status: 202, body: { redelivered: 1, left: 0 } });
    expect(await since(500)).toMatchObject({ status: 202, body: { redelivered: 0, left: 0 } });
    expect((await states.read(id)).state.open).toHaveLength(2);
    expect((await send('POST', `/webhooks/${id}/redeliver`, { failedSince: 'yesterday' })).body.errors).toMatchObject([
      { field: 'failedSince' },
    ]);
  });

  test('are due at once when the endpoint is enabled', async () => {
    const { send, id, lost, endpoints, states } = await withFailure();
    await endpoints.change<never>(id, (endpoint) => ({ ...endpoint, disabled: { at: 700, reason: 'failing' } }));
    expect((await send('GET', `/webhooks/${id}`)).body).toMatchObject({
      status: 'disabled',
      disabled: { at: new Date(700).toISOString(), reason: 'failing' },
    });
    for (const path of [`deliveries/${lost}/redeliver`, 'redeliver']) {
      const { body } = await send('POST', `/webhooks/${id}/${path}`, { failedSince: new Date(700).toISOString() });
      expect(body.status).toBe('disabled');
    }
    expect(await send('POST', `/webhooks/${id}/enable`)).toMatchObject({ status: 200, body: { status: 'enabled' } });
    const { state } = await states.read(id);
    expect(state.open).toMatchObject([
      { position: 1, dueAt: 1_000 },
      { position: 2, dueAt: 1_020 },
    ]);
    expect(state).not.toHaveProperty('failingSince');
  });
});
