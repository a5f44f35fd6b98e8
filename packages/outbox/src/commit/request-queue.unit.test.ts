import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../../test/parts.ts';
import type { StoreResult } from '../api.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { MAX_BATCH_SIZE, MAX_QUEUE_SIZE, MAX_REQUESTS, RequestQueue } from './request-queue.ts';

interface Doc {
  readonly id: string;
  readonly nonce: string;
  readonly fingerprint: string;
  readonly createdAt: number;
  readonly body?: string;
}

const doc = (id: string, nonce = id, body = ''): Doc => ({ id, nonce, fingerprint: 'f', createdAt: 0, body });
const created = (document: Doc): StoreResult<Doc> => ({ outcome: 'created', document });

describe('request queue', () => {
  it('builds batches in the order of arrival, with each id once, within the limits of number and size', () => {
    const settings = { ...DEFAULT_SETTINGS, batchDocuments: 3 };
    const length = fc.constantFrom(1, 1_000, MAX_BATCH_SIZE / 3, 1.5 * MAX_BATCH_SIZE, 0.3 * MAX_BATCH_SIZE);
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), length), { maxLength: 12 });
    fc.assert(
      fc.property(arrivals, (list) => {
        const queue = new RequestQueue<Doc>(manualClock(), settings);
        const accepted: string[] = [];
        for (const [id, size] of list) {
          const before = queue.requests;
          void queue.enqueue(doc(`${id}`, 'n', 'x'.repeat(size)), 1_000);
          if (queue.requests > before) accepted.push(`${id}`);
        }
        const order: string[] = [];
        for (let batch = queue.takeBatch(); batch.length > 0; batch = queue.takeBatch()) {
          const size = batch.reduce((sum, item) => sum + item.json.length, 0);
          expect(batch.length).toBeLessThanOrEqual(settings.batchDocuments);
          expect(batch.length === 1 || size <= MAX_BATCH_SIZE).toBe(true);
          order.push(...batch.map(({ id }) => id));
        }
        expect(order).toEqual([...new Set(accepted)]);
      }),
    );
  });

  it('resolves every request for the same id, including those that arrive during the batch', async () => {
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

  it('returns `full` at the limits of number and size', async () => {
    const byNumber = new RequestQueue<Doc>(manualClock(), DEFAULT_SETTINGS);
    for (let i = 0; i < MAX_REQUESTS; i++) void byNumber.enqueue(doc(`${i}`), 1_000);
    expect(byNumber.requests).toBe(MAX_REQUESTS);
    expect(await byNumber.enqueue(doc('b'), 1_000)).toEqual({ outcome: 'full' });
    const bySize = new RequestQueue<Doc>(manualClock(), DEFAULT_SETTINGS);
    expect(await bySize.enqueue(doc('a', 'a', 'x'.repeat(MAX_QUEUE_SIZE)), 1_000)).toEqual({ outcome: 'full' });
  });

  it('returns at the deadline whether the document may be stored', async () => {
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

  it('returns `refused` for a document without JSON, and `unsent` without time left', async () => {
    const queue = new RequestQueue<Doc>(manualClock(), DEFAULT_SETTINGS);
    expect(await queue.enqueue(doc('a'), 0)).toEqual({ outcome: 'unsent' });
    const cyclic: Doc & { self?: Doc } = { ...doc('b') };
    cyclic.self = cyclic;
    expect(await queue.enqueue(cyclic, 1_000)).toEqual({ outcome: 'refused' });
  });
});
