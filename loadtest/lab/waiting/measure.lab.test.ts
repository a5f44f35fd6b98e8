import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureWaiting } from './measure.ts';

const ORDERS = 500;

test('orders wait while the consumer service is down, more orders are acknowledged, and all of them are decided in the end', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-waiting-'));
  try {
    const run = await measureWaiting({
      plan: { broker: 'redis', repetition: 1, orders: ORDERS, rate: 20, seconds: 2, concurrency: 16 },
      dataDir: join(folder, 'platform'),
      commit: 'test',
      signal: new AbortController().signal,
      report: () => {},
    });
    expect(run.control.waiting.atBegin).toBe(0);
    expect(run.backlog.waiting.atBegin).toBeGreaterThanOrEqual(ORDERS);
    expect(run.backlog.waiting.atEnd).toBeGreaterThan(run.backlog.waiting.atBegin);
    expect(run.backlog).toMatchObject({ offered: 40, acknowledged: 40 });
    expect(run).toMatchObject({ undecided: 0, lost: 0 });
    expect(run.decided).toBeGreaterThanOrEqual(run.backlog.waiting.atEnd);
  } finally {
    await rm(folder, { recursive: true });
  }
});
