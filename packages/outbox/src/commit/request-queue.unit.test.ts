import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../../test/parts.ts';
import type { AcceptResult } from '../api.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { RequestQueue } from './request-queue.ts';

interface Doc {
  readonly id: string;
  readonly nonce: string;
  readonly fingerprint: string;
  readonly createdAt: number;
  readonly body?: string;
}

const doc = (id: string, nonce = id, body = ''): Doc => ({ id, nonce, fingerprint: 'f', createdAt: 0, body });
const created = (document: Doc): AcceptResult<Doc> => ({ outcome: 'created', document });

describe('request queue', () => {
  it('builds batches in the order of arrival, each id once, within number and size', () => {
    const settings = { ...DEFAULT_SETTINGS, batchDocuments: 8, batchSize: 1_000 };
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 1_500 })));
    fc.assert(
      fc.property(arrivals, (list) => {
        const queue = new RequestQueue<Doc>(manualClock(), settings);
        for (const [id, length] of list) void queue.enqueue(doc(`${id}`, 'n', 'x'.repeat(length)), 1_000);
        const order: string[] = [];
        for (let batch = queue.takeBatch(); batch.length > 0; batch = queue.takeBatch()) {
          const size = batch.reduce((sum, item) => sum + item.json.length, 0);
          expect(batch.length).toBeLessThanOrEqual(settings.batchDocuments);
          expect(batch.length === 1 || size <= settings.batchSize).toBe(true);
          order.push(...batch.map(({ id }) => id));
        }
        expect(order).toEqual([...new Set(list.map(([id]) => `${id}`))]);
      }),
    );
  });

  it('answers everybody who asked for the same id, also while it is under way, and counts them out', async () => {
    const queue = new RequestQueue<Doc>(manualClock(), DEFAULT_SETTINGS);
    const first = queue.enqueue(doc('a', '1'), 1_000);
    const second = queue.enqueue(doc('a', '2'), 1_000);
    const [item] = queue.takeBatch();
    const third = queue.enqueue(doc('a', '3'), 1_000);
    expect(queue.waiting).toBe(0);
    if (item !== undefined) queue.resolve(item, created);
    const nonces = (await Promise.all([first, second, third])).map((accepted) =>
      'document' in accepted ? accepted.document.nonce : accepted.outcome,
    );
    expect(nonces).toEqual(['1', '2', '3']);
    expect([queue.requests, queue.size]).toEqual([0, 0]);
  });

  it('is full by number and by size', async () => {
    const small = new RequestQueue<Doc>(manualClock(), { ...DEFAULT_SETTINGS, queueRequests: 1 });
    void small.enqueue(doc('a'), 1_000);
    expect(await small.enqueue(doc('b'), 1_000)).toEqual({ outcome: 'full' });
    const narrow = new RequestQueue<Doc>(manualClock(), { ...DEFAULT_SETTINGS, queueSize: 10 });
    expect(await narrow.enqueue(doc('a'), 1_000)).toEqual({ outcome: 'full' });
  });

  it('says at the deadline whether anything was sent', async () => {
    const clock = manualClock();
    const queue = new RequestQueue<Doc>(clock, DEFAULT_SETTINGS);
    const sent = queue.enqueue(doc('a'), 1_000);
    for (const item of queue.takeBatch()) item.maybeStored = true;
    const unsent = queue.enqueue(doc('b'), 2_000);
    const patient = queue.enqueue(doc('c'), 60_000);
    clock.go(1_000);
    expect(await sent).toEqual({ outcome: 'unknown' });
    clock.go(1_000);
    expect(await unsent).toEqual({ outcome: 'unsent' });
    expect(queue.takeBatch().map(({ id }) => id)).toEqual(['c']);
    queue.close();
    expect(await patient).toEqual({ outcome: 'unsent' });
    expect([queue.requests, queue.size]).toEqual([0, 0]);
  });

  it('refuses what is no JSON, and what has no time left', async () => {
    const queue = new RequestQueue<Doc>(manualClock(), DEFAULT_SETTINGS);
    expect(await queue.enqueue(doc('a'), 0)).toEqual({ outcome: 'unsent' });
    const cyclic: Doc & { self?: Doc } = { ...doc('b') };
    cyclic.self = cyclic;
    expect(await queue.enqueue(cyclic, 1_000)).toEqual({ outcome: 'refused' });
  });
});
