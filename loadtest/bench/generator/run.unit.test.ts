import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { httpSender } from './http-sender.ts';
import type { Load, PhaseMarker, Send } from './load.ts';
import { LoadRun } from './run.ts';

const load: Load = {
  target: { by: 'http', urls: [] },
  loop: { kind: 'open', rate: 0 },
  warmupSeconds: 0.1,
  seconds: 0.2,
  maxRequests: 1_000,
  maxInFlight: 100,
  timeoutMs: 1_000,
};

/** Acknowledges each order after some time. */
const sendAfter =
  (ms: number): Send =>
  (n) =>
    new Promise((resolve) => setTimeout(resolve, ms, { id: `id-${n}` }));

describe('a load', () => {
  it('in an open loop offers every arrival of its rate, counts those after the warm-up, and reports both markers', async () => {
    const markers: PhaseMarker[] = [];
    const run = new LoadRun(load, sendAfter(1), (marker) => markers.push(marker));
    await run.open(200);
    const { offered, acknowledged, dropped } = run.result();
    expect({ offered, acknowledged, dropped }).toEqual({ offered: 40, acknowledged: 40, dropped: 0 });
    expect(run.ids).toHaveLength(60);
    expect(markers).toEqual(['from', 'to']);
  });

  it('in an open loop sends no request before it is due', async () => {
    const sentAt: number[] = [];
    const send: Send = async (n) => {
      sentAt.push(performance.now());
      // Timers count from the start of the event loop's turn, so a long turn makes them early.
      while (performance.now() < (sentAt.at(-1) as number) + 1.5);
      return { id: `id-${n}` };
    };
    const start = performance.now();
    const run = new LoadRun(load, send, () => {});
    await run.open(300);
    expect(sentAt).toHaveLength(90);
    for (const [n, at] of sentAt.entries()) expect(at).toBeGreaterThanOrEqual(start + (n * 1000) / 300);
  });

  it('in an open loop drops and counts arrivals beyond its limit of requests in flight', async () => {
    const waiting: (() => void)[] = [];
    const send: Send = (n) => new Promise((resolve) => waiting.push(() => resolve({ id: `id-${n}` })));
    const run = new LoadRun({ ...load, maxInFlight: 10 }, send, (marker) => {
      if (marker === 'to') setTimeout(() => waiting.map((respond) => respond()), 500);
    });
    await run.open(200);
    expect(run.result()).toMatchObject({ offered: 40, dropped: 40, acknowledged: 0 });
    expect(run.ids).toHaveLength(10);
  });

  it('in an open loop counts the delay of a late request as latency', async () => {
    const run = new LoadRun(load, sendAfter(1), () => {});
    const running = run.open(200);
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const end = performance.now() + 100; performance.now() < end; );
    await running;
    expect(run.result().latency.max).toBeGreaterThan(70);
    expect(run.result().offered).toBe(40);
  });

  it('in a closed loop keeps its number of requests in flight and ends at its maximum of requests', async () => {
    let inFlight = 0;
    let maxInFlight = 0;
    const send: Send = async (n) => {
      maxInFlight = Math.max(maxInFlight, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inFlight--;
      return n === 0 ? { other: '503', text: 'unavailable' } : { id: `id-${n}` };
    };
    const run = new LoadRun({ ...load, warmupSeconds: 0, seconds: 60, maxRequests: 20 }, send, () => {});
    await run.closed(4);
    expect(maxInFlight).toBe(4);
    expect(run.result()).toMatchObject({ offered: 20, acknowledged: 19, others: { 503: 1 } });
    expect(run.result().firstOther).toBe('503 unavailable');
  });
});

describe('a request by HTTP', () => {
  let server: Server;
  afterEach(() => server.close());

  async function sendTo(respond: RequestListener, timeoutMs = 10_000) {
    server = createServer(respond).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return httpSender({ by: 'http', urls: [url] }, timeoutMs)(7);
  }

  it.each([201, 202])('is acknowledged with status %i and the id of its location', async (status) => {
    const bodies: string[] = [];
    const result = await sendTo((request, response) => {
      request.on('data', (chunk) => bodies.push(String(chunk)));
      request.on('end', () => response.writeHead(status, { location: '/orders/o-1' }).end('{}'));
    });
    expect(result).toEqual({ id: 'o-1' });
    expect(JSON.parse(bodies.join(''))).toMatchObject({ consumerId: 'bench-consumer-7' });
  });

  it('has the status and the text of another response, in chunks or not', async () => {
    const result = await sendTo((_, response) => {
      response.writeHead(503).write('una');
      setTimeout(() => response.end('vailable'), 10);
    });
    expect(result).toEqual({ other: '503', text: 'unavailable' });
  });

  it('has the reason when the connection breaks', async () => {
    expect(await sendTo((request) => request.socket.destroy())).toEqual({ other: 'UND_ERR_SOCKET' });
  });

  it('has the reason when no response arrives in time', async () => {
    expect(await sendTo(() => {}, 100)).toEqual({ other: 'UND_ERR_HEADERS_TIMEOUT' });
  });

  it('goes to each replica in turn', async () => {
    const servers = ['a', 'b'].map((name) =>
      createServer((_, response) => response.writeHead(202, { location: `/orders/${name}` }).end()).listen(
        0,
        '127.0.0.1',
      ),
    );
    await Promise.all(servers.map((each) => new Promise((resolve) => each.once('listening', resolve))));
    const urls = servers.map((each) => `http://127.0.0.1:${(each.address() as AddressInfo).port}`);
    const send = httpSender({ by: 'http', urls }, 10_000);
    expect(await Promise.all([0, 1, 2, 3].map(send))).toEqual(['a', 'b', 'a', 'b'].map((id) => ({ id })));
    for (const each of servers) each.close();
  });
});
