import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { demonstrate } from './demonstration.ts';

let server: Server | undefined;
afterEach(() => server?.close());

const pending = { id: 'o1', status: 'PENDING', reasons: [] };
const validated = { id: 'o1', status: 'VALIDATED', reasons: [], total: { amount: 2340, currency: 'EUR' } };

/** Runs the demo against services with the given responses, and returns the printed lines. */
async function shown(posted: [number, object], read: object, states: readonly string[] = []) {
  server = createServer((request, response) => {
    const order = request.url?.startsWith('/orders') === true;
    const [status, body] = !order ? [201, {}] : request.method === 'POST' ? posted : [200, read];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((ready) => server?.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const printed: string[] = [];
  const processes = states.map((state, index) => ({ name: `process-${index}`, state: state as 'running' }));
  const validatedInTime = await demonstrate({
    urls: { order: url, consumer: url, restaurant: url },
    signal: new AbortController().signal,
    print: (line) => printed.push(line),
    processes: () => processes,
    waitMs: 50,
  });
  return { validatedInTime, printed: printed.join('\n') };
}

describe('the demo order', () => {
  test('is followed when it is answered first and decided later', async () => {
    const { validatedInTime, printed } = await shown([202, pending], validated);
    expect(validatedInTime).toBe(true);
    expect(printed).toMatch(
      /^Order o1\n {2}PENDING {4}acknowledged after \d+ ms\n {2}VALIDATED {2}after \d+ ms, 23\.40 EUR/,
    );
  });

  test('is done when the response is the decided order', async () => {
    const { validatedInTime, printed } = await shown([201, validated], pending);
    expect(validatedInTime).toBe(true);
    expect(printed).toMatch(/^Order o1\n {2}VALIDATED {2}after \d+ ms, 23\.40 EUR/);
  });

  test('that stays undecided is no failure, and the reason and the next step are printed', async () => {
    const behind = await shown([202, pending], pending, ['running', 'running']);
    expect(behind.validatedInTime).toBe(false);
    expect(behind.printed).toContain('still PENDING, because orders of an earlier run may be processed first');
    expect(behind.printed).toContain("/orders/o1 -H 'prefer: wait=60'");
    server?.close();
    const without = await shown([202, pending], pending, ['running', 'failed']);
    expect(without.printed).toContain('still PENDING, because process-1 is failed');
  });

  test('that is not taken is no failure either', async () => {
    const { validatedInTime, printed } = await shown([503, { title: 'Service unavailable' }], pending);
    expect(validatedInTime).toBe(false);
    expect(printed).toMatch(/could not be placed: .*\/orders answers 503 .*Service unavailable/);
  });
});
