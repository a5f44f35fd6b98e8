import { orderView, problem } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { good, rejected, serviceInMemory } from '../../test/service-in-memory.ts';

type World = ReturnType<typeof serviceInMemory>;

interface Heard {
  readonly id: string;
  readonly order: ReturnType<typeof orderView.parse>;
}

/** A client of a stream: what it hears, piece by piece. */
async function listen({ app }: World, path: string, lastEventId?: string) {
  const gone = new AbortController();
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await app.request(path, { headers, signal: gone.signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  /** The next block of lines; undefined at the end. */
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
  async function event(): Promise<Heard | undefined> {
    for (;;) {
      const lines = await block();
      if (lines === undefined) return undefined;
      const fields = new Map(lines.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      if (fields.get('event') === 'order') {
        return { id: fields.get('id') ?? '', order: orderView.parse(JSON.parse(fields.get('data') ?? '')) };
      }
    }
  }
  return { block, event, leave: () => reader?.cancel() };
}

async function withOrders(count: number): Promise<World & { ids: string[] }> {
  const world = serviceInMemory();
  for (let n = 0; n < count; n++) await world.post(good);
  return { ...world, ids: [...world.stored.keys()] };
}

/** Settles an order without this replica being told, as another one would. */
function settle({ stored }: World, id: string | undefined): void {
  const order = stored.get(id ?? '');
  if (order) stored.set(order.id, rejected(order));
}

describe('GET /orders/{id}/events', () => {
  it('tells the state, then the verdict, and ends', async () => {
    const world = await withOrders(1);
    const [id] = world.ids;
    const stream = await listen(world, `/orders/${id}/events`);
    expect(await stream.block()).toBe('retry: 1000');
    expect((await stream.event())?.order).toMatchObject({ id, status: 'PENDING' });
    settle(world, id);
    const last = await stream.event();
    expect(last?.order).toMatchObject({ id, status: 'REJECTED' });
    expect(await stream.event()).toBeUndefined();

    // A client that comes back all the same, as browsers do, is told not to: 204.
    const again = { headers: { 'last-event-id': last?.id ?? '' } };
    expect((await world.app.request(`/orders/${id}/events`, again)).status).toBe(204);
  });

  it('goes on where a client has stopped, at any replica', async () => {
    const world = await withOrders(1);
    const [id] = world.ids;
    const first = await listen(world, `/orders/${id}/events`);
    const pending = await first.event();
    await first.leave();
    settle(world, id);
    const second = await listen(world, `/orders/${id}/events`, pending?.id);
    expect((await second.event())?.order.status).toBe('REJECTED');
    expect(await second.event()).toBeUndefined();
  });

  it('says nothing that the client knows, and keeps the connection awake', async () => {
    const world = await withOrders(1);
    const [id] = world.ids;
    const first = await listen(world, `/orders/${id}/events`);
    const pending = await first.event();
    const second = await listen(world, `/orders/${id}/events`, pending?.id);
    expect([await second.block(), await second.block(), await second.block()]).toEqual(['retry: 1000', ':', ':']);
    await Promise.all([first.leave(), second.leave()]);
  });

  it.each(['', '7', 'a'.repeat(23), '{}'])('a Last-Event-ID of %j is refused by name', async (lastEventId) => {
    const { app, ids } = await withOrders(1);
    const response = await app.request(`/orders/${ids[0]}/events`, { headers: { 'last-event-id': lastEventId } });
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).errors).toMatchObject([{ field: 'Last-Event-ID' }]);
  });

  it('of an order that nobody has placed is a 404', async () => {
    const response = await serviceInMemory().app.request('/orders/01890a5d-ac96-774b-bcce-b302099a8057/events');
    expect(response.status).toBe(404);
  });
});

describe('streams', () => {
  it('are so many and no more; whoever leaves makes room', async () => {
    const world = await withOrders(1);
    const path = `/orders/${world.ids[0]}/events`;
    const [one] = await Promise.all([listen(world, path), listen(world, path)]);
    const third = await world.app.request(path);
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '5']);
    await one.leave();
    await (await listen(world, path)).event();
  });

  it('end when the service stops, and none is opened any more', async () => {
    const world = await withOrders(1);
    const path = `/orders/${world.ids[0]}/events`;
    const stream = await listen(world, path);
    await stream.event();
    world.streams.end();
    expect(await stream.event()).toBeUndefined();
    expect((await world.app.request(path)).status).toBe(503);
  });
});

describe('GET /consumers/{id}/orders/events', () => {
  const path = '/consumers/ada/orders/events';

  it('tells of the orders that are there, of those that come, and of what becomes of them', async () => {
    const world = await withOrders(1);
    const stream = await listen(world, path);
    expect(await stream.event()).toMatchObject({ id: '0', order: { id: world.ids[0], status: 'PENDING' } });
    await world.post(good);
    const [first, second] = [...world.stored.keys()];
    expect(await stream.event()).toMatchObject({ id: '0', order: { id: second, status: 'PENDING' } });
    settle(world, second);
    expect(await stream.event()).toMatchObject({ id: '0', order: { id: second, status: 'REJECTED' } });
    settle(world, first);
    expect(await stream.event()).toMatchObject({ id: '2', order: { id: first, status: 'REJECTED' } });
    await stream.leave();
  });

  it('misses nothing across a reconnect: what was not settled for the client is told once more', async () => {
    const world = await withOrders(3);
    const stream = await listen(world, path);
    for (let n = 0; n < 3; n++) await stream.event();
    settle(world, world.ids[0]);
    const heard = await stream.event();
    expect(heard?.id).toBe('1');
    await stream.leave();

    settle(world, world.ids[1]);
    await world.post(good);
    const again = await listen(world, path, heard?.id);
    const told = [await again.event(), await again.event(), await again.event()];
    expect(told.map((event) => [event?.id, event?.order.status])).toEqual([
      ['2', 'REJECTED'],
      ['2', 'PENDING'],
      ['2', 'PENDING'],
    ]);
    await again.leave();
  });

  it('begins with the newest 20 for a client that is new, and with all that is later for one that comes back', async () => {
    const world = await withOrders(25);
    const orders = async (lastEventId: string | undefined, count: number) => {
      const stream = await listen(world, path, lastEventId);
      const seen: string[] = [];
      while (seen.length < count) seen.push((await stream.event())?.order.id ?? '');
      await stream.leave();
      return seen;
    };
    expect(await orders(undefined, 20)).toEqual(world.ids.slice(5));
    expect(await orders('0', 25)).toEqual(world.ids);
  });

  it('follows a bounded number of undecided orders, and the next ones as those are decided', async () => {
    const world = await withOrders(60);
    const stream = await listen(world, path, '0');
    for (const id of world.ids.slice(0, 50)) expect((await stream.event())?.order.id).toBe(id);
    settle(world, world.ids[7]);
    expect((await stream.event())?.order).toMatchObject({ id: world.ids[7], status: 'REJECTED' });
    expect((await stream.event())?.order).toMatchObject({ id: world.ids[50], status: 'PENDING' });
    await stream.leave();
  });

  it.each([
    ...['-1', '1.5', 'x', '01'].map((text) => [text, 'must be the id of an event of this stream']),
    ['2', 'is later than every event of this stream'],
  ])('a Last-Event-ID of %j is refused by name', async (lastEventId, detail) => {
    const { app } = await withOrders(1);
    const response = await app.request(path, { headers: { 'last-event-id': lastEventId } });
    expect(response.status).toBe(400);
    expect(problem.parse(await response.json()).errors).toEqual([{ field: 'Last-Event-ID', detail }]);
  });
});
