import { problem } from '@standing-order/contracts';
import type { Caller } from '@standing-order/service-kit/auth';
import { describe, expect, it } from 'vitest';
import { serviceInMemory, validRequest } from '../../test/service-in-memory.ts';

const CONSUMER_STREAM = '/consumers/ada/orders/events';

/** The service with one order of ada, and a function that opens a stream for the caller in the header `caller`. */
async function withStreams(authenticated: boolean) {
  const authenticate = async (c: { req: { header(name: string): string | undefined } }): Promise<Caller> => {
    return { client: `subject:${c.req.header('caller')}`, admin: true, consumer: undefined };
  };
  const limits = { maxStreams: 6, maxStreamsPerCaller: 3 };
  const service = serviceInMemory({ ...limits, ...(authenticated && { caller: authenticate }) });
  for (let n = 0; n < 2; n++) await service.post(validRequest);
  const open = async (caller: string, path: string) => service.app.request(path, { headers: { caller } });
  const [first, second] = [...service.stored.keys()];
  return {
    open,
    stored: service.stored,
    orderStream: `/orders/${first}/events`,
    otherOrderStream: `/orders/${second}/events`,
  };
}

describe('event streams of one caller', () => {
  it('have a limit over all resources, and leave places to other callers', async () => {
    const { open, orderStream, otherOrderStream } = await withStreams(true);
    const [one] = await Promise.all([CONSUMER_STREAM, orderStream, otherOrderStream].map((path) => open('eve', path)));
    for (const path of [CONSUMER_STREAM, orderStream]) {
      const refused = await open('eve', path);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
      expect(problem.parse(await refused.json()).detail).toContain("this caller's");
    }
    expect((await open('bob', CONSUMER_STREAM)).status).toBe(200);
    await one?.body?.cancel();
    expect((await open('eve', orderStream)).status).toBe(200);
  });

  it('cost no read over the limit', async () => {
    const { open, stored, orderStream } = await withStreams(true);
    for (let n = 0; n < 3; n++) expect((await open('eve', orderStream)).status).toBe(200);
    // With a read the answer would be 404.
    stored.clear();
    expect((await open('eve', orderStream)).status).toBe(503);
    expect((await open('bob', orderStream)).status).toBe(404);
  });

  it('are counted by resource without authentication', async () => {
    const { open, orderStream } = await withStreams(false);
    for (let n = 0; n < 3; n++) expect((await open('eve', CONSUMER_STREAM)).status).toBe(200);
    expect((await open('bob', CONSUMER_STREAM)).status).toBe(503);
    expect((await open('bob', '/consumers/bob/orders/events')).status).toBe(200);
    expect((await open('bob', orderStream)).status).toBe(200);
  });
});

// 300 concurrent reads of one caller took more than twice the memory of a pod.
describe('list reads of one caller', () => {
  it('have a limit, and leave places to other callers', async () => {
    const { open } = await withStreams(true);
    const responses = Array.from({ length: 12 }, () => open('eve', '/consumers/ada/orders'));
    const other = open('bob', '/consumers/ada/orders');
    const statuses = (await Promise.all(responses)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array(10).fill(200), ...Array(2).fill(503)]);
    expect((await other).status).toBe(200);
    const refused = (await Promise.all(responses)).find(({ status }) => status === 503);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(problem.parse(await refused?.json()).detail).toContain("this caller's list reads");
    expect((await open('eve', '/consumers/ada/orders')).status).toBe(200);
  });
});
