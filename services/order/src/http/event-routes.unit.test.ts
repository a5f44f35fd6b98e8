import { orderView, problem } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { rejected, serviceInMemory, validRequest } from '../../test/service-in-memory.ts';

type Service = ReturnType<typeof serviceInMemory>;

interface ReceivedEvent {
  readonly id: string;
  readonly order: ReturnType<typeof orderView.parse>;
}

/** A client of a stream. */
async function listen({ app }: Service, path: string, lastEventId?: string) {
  const disconnected = new AbortController();
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await app.request(path, { headers, signal: disconnected.signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  /** Returns the next block of lines; undefined at the end. */
  async function block(): Promise<string | undefined> {
    for (;;) {
      const end = buffer.indexOf('\n\n');
      if (end >= 0) {
        const found = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        return found;
      }
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) return undefined;
      buffer += value;
    }
  }
  async function event(): Promise<ReceivedEvent | undefined> {
    for (;;) {
      const lines = await block();
      if (lines === undefined) return undefined;
      const fields = new Map(lines.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      if (fields.get('event') === 'order') {
        return { id: fields.get('id') ?? '', order: orderView.parse(JSON.parse(fields.get('data') ?? '')) };
      }
    }
  }
  return { block, event, disconnect: () => reader?.cancel() };
}

async function withOrders(count: number): Promise<Service & { ids: string[] }> {
  const service = serviceInMemory();
  for (let n = 0; n < count; n++) await service.post(validRequest);
  return { ...service, ids: [...service.stored.keys()] };
}

/** Decides an order in the store, as another replica does: this replica gets no notification. */
function decideElsewhere({ stored }: Service, id: string | undefined): void {
  const order = stored.get(id ?? '');
  if (order) stored.set(order.id, rejected(order));
}

describe('GET /orders/{id}/events', () => {
  it('sends the state, then the decided order, and ends', async () => {
    const service = await withOrders(1);
    const [id] = service.ids;
    const stream = await listen(service, `/orders/${id}/events`);
    expect(await stream.block()).toBe('retry: 1000');
    expect((await stream.event())?.order).toMatchObject({ id, status: 'PENDING' });
    decideElsewhere(service, id);
    const last = await stream.event();
    expect(last?.order).toMatchObject({ id, status: 'REJECTED' });
    expect(await stream.event()).toBeUndefined();

    // A browser reconnects nevertheless. 204 stops it.
    const again = { headers: { 'last-event-id': last?.id ?? '' } };
    expect((await service.app.request(`/orders/${id}/events`, again)).status).toBe(204);
  });

  it('continues after the last event of a client, at any replica', async () => {
    const service = await withOrders(1);
    const [id] = service.ids;
    const first = await listen(service, `/orders/${id}/events`);
    const pending = await first.event();
    await first.disconnect();
    decideElsewhere(service, id);
    const second = await listen(service, `/orders/${id}/events`, pending?.id);
    expect((await second.event())?.order.status).toBe('REJECTED');
    expect(await second.event()).toBeUndefined();
  });

  it('does not repeat the last event of a client, and sends heartbeats', async () => {
    const service = await withOrders(1);
    const [id] = service.ids;
    const first = await listen(service, `/orders/${id}/events`);
    const pending = await first.event();
    const second = await listen(service, `/orders/${id}/events`, pending?.id);
    expect([await second.block(), await second.block(), await second.block()]).toEqual(['retry: 1000', ':', ':']);
    await Promise.all([first.disconnect(), second.disconnect()]);
  });

  it.each(['', '7', 'a'.repeat(23), '{}'])('refuses the Last-Event-ID %j and names the header', async (lastEventId) => {
    const { app, ids } = await withOrders(1);
    const response = await app.request(`/orders/${ids[0]}/events`, { headers: { 'last-event-id': lastEventId } });
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).errors).toMatchObject([{ field: 'Last-Event-ID' }]);
  });

  it('returns 404 for an order that does not exist', async () => {
    const response = await serviceInMemory().app.request('/orders/01890a5d-ac96-774b-bcce-b302099a8057/events');
    expect(response.status).toBe(404);
  });
});

describe('event streams', () => {
  it('have a limit, and a client that disconnects frees its place', async () => {
    const service = await withOrders(1);
    const path = `/orders/${service.ids[0]}/events`;
    const [one] = await Promise.all([listen(service, path), listen(service, path)]);
    const third = await service.app.request(path);
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);
    await one.disconnect();
    await (await listen(service, path)).event();
  });

  it('end when the service stops, and no new stream is opened', async () => {
    const service = await withOrders(1);
    const path = `/orders/${service.ids[0]}/events`;
    const stream = await listen(service, path);
    await stream.event();
    service.eventStreams.end();
    expect(await stream.event()).toBeUndefined();
    expect((await service.app.request(path)).status).toBe(503);
  });
});

describe('GET /consumers/{id}/orders/events', () => {
  const path = '/consumers/ada/orders/events';

  it('sends the existing orders, new orders, and their later states', async () => {
    const service = await withOrders(1);
    const stream = await listen(service, path);
    expect(await stream.event()).toMatchObject({ id: '0', order: { id: service.ids[0], status: 'PENDING' } });
    await service.post(validRequest);
    const [first, second] = [...service.stored.keys()];
    expect(await stream.event()).toMatchObject({ id: '0', order: { id: second, status: 'PENDING' } });
    decideElsewhere(service, second);
    expect(await stream.event()).toMatchObject({ id: '0', order: { id: second, status: 'REJECTED' } });
    decideElsewhere(service, first);
    expect(await stream.event()).toMatchObject({ id: '2', order: { id: first, status: 'REJECTED' } });
    await stream.disconnect();
  });

  it('misses no state across a reconnect: every order after the last event id is sent again', async () => {
    const service = await withOrders(3);
    const stream = await listen(service, path);
    for (let n = 0; n < 3; n++) await stream.event();
    decideElsewhere(service, service.ids[0]);
    const decided = await stream.event();
    expect(decided?.id).toBe('1');
    await stream.disconnect();

    decideElsewhere(service, service.ids[1]);
    await service.post(validRequest);
    const again = await listen(service, path, decided?.id);
    const events = [await again.event(), await again.event(), await again.event()];
    expect(events.map((event) => [event?.id, event?.order.status])).toEqual([
      ['2', 'REJECTED'],
      ['2', 'PENDING'],
      ['2', 'PENDING'],
    ]);
    await again.disconnect();
  });

  it('begins with the newest 20 orders for a new client, and with all later orders for a reconnecting one', async () => {
    const service = await withOrders(25);
    const orders = async (lastEventId: string | undefined, count: number) => {
      const stream = await listen(service, path, lastEventId);
      const seen: string[] = [];
      while (seen.length < count) seen.push((await stream.event())?.order.id ?? '');
      await stream.disconnect();
      return seen;
    };
    expect(await orders(undefined, 20)).toEqual(service.ids.slice(5));
    expect(await orders('0', 25)).toEqual(service.ids);
  });

  it('follows at most 50 undecided orders, and the next ones when some of these are decided', async () => {
    const service = await withOrders(60);
    const stream = await listen(service, path, '0');
    for (const id of service.ids.slice(0, 50)) expect((await stream.event())?.order.id).toBe(id);
    decideElsewhere(service, service.ids[7]);
    expect((await stream.event())?.order).toMatchObject({ id: service.ids[7], status: 'REJECTED' });
    expect((await stream.event())?.order).toMatchObject({ id: service.ids[50], status: 'PENDING' });
    await stream.disconnect();
  });

  it.each([
    ...['-1', '1.5', 'x', '01'].map((text) => [text, 'must be the id of an event of this stream']),
    ['2', 'is later than every event of this stream'],
  ])('refuses the Last-Event-ID %j and names the header', async (lastEventId, detail) => {
    const { app } = await withOrders(1);
    const response = await app.request(path, { headers: { 'last-event-id': lastEventId } });
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).errors).toEqual([{ field: 'Last-Event-ID', detail }]);
  });
});
