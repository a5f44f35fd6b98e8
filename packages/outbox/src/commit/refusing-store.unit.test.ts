import { describe, expect, test } from 'vitest';
import { atRest, contextOf, countFrom, MemoryStore, manualClock } from '../../test/parts.ts';
import { createOutbox } from '../outbox.ts';
import { COMMIT_BACKOFF_MAX_MS } from './commit-attempt.ts';
import { REFUSING_AFTER_MS } from './group-commit.ts';

const DEADLINE_MS = 10_000;
const STEP_MS = 10;

async function setUp() {
  const store = new MemoryStore();
  const clock = manualClock();
  const events: string[] = [];
  const observer = { event: (name: string) => void events.push(name) };
  const outbox = createOutbox({ ...contextOf(store, clock), observer });
  await outbox.start();
  await atRest();
  const go = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.go(STEP_MS);
      await atRest();
    }
  };
  /** Stores a document, and returns its outcome and the time until it was known. */
  const place = async (id: string) => {
    const from = clock.wall();
    const { outcome } = await outbox.store(countFrom(id), DEADLINE_MS);
    return { outcome, afterMs: clock.wall() - from };
  };
  let attempts = 0;
  const refuseWrites = () => {
    store.transacts = () => {
      attempts++;
      return 'unknown';
    };
  };
  const acceptWrites = () => {
    store.transacts = (operations) => store.apply(operations);
  };
  return { store, outbox, events, go, place, refuseWrites, acceptWrites, attempts: () => attempts };
}

/** A store that refuses writes, for long enough. `first` is the request whose batch is sent again and again. */
async function refusing() {
  const parts = await setUp();
  parts.refuseWrites();
  const first = parts.place('first');
  await parts.go(100);
  const waiting = parts.place('waiting');
  await parts.go(2 * REFUSING_AFTER_MS);
  return { ...parts, first, waiting };
}

describe('a store that can be read and refuses writes', () => {
  test('is answered for at once, and the outbox stays ready', async () => {
    const { outbox, place } = await refusing();
    expect(await place('next')).toEqual({ outcome: 'unwritable', afterMs: 0 });
    expect([outbox.ready, outbox.state().refusesWrites, outbox.stats().refusesWrites]).toEqual([true, true, true]);
  });

  test('ends the wait of requests that were not sent, and never stores them', async () => {
    const { store, waiting, acceptWrites, go } = await refusing();
    expect((await waiting).outcome).toBe('unwritable');
    expect((await waiting).afterMs).toBeLessThan(2 * REFUSING_AFTER_MS);
    acceptWrites();
    await go(2 * COMMIT_BACKOFF_MAX_MS);
    expect([store.stored.has('o:first'), store.stored.has('o:waiting')]).toEqual([true, false]);
  });

  test('is probed with one attempt at a time, by the batch that waits, also after its deadline', async () => {
    const { first, place, attempts, go, outbox } = await refusing();
    await go(DEADLINE_MS);
    expect((await first).outcome).toBe('unknown');
    const before = attempts();
    await Promise.all(Array.from({ length: 100 }, (_, i) => place(`x${i}`)));
    await go(4 * COMMIT_BACKOFF_MAX_MS);
    expect(outbox.state().refusesWrites).toBe(true);
    expect(attempts() - before).toBeGreaterThanOrEqual(3);
    // Besides the attempt, every fourth time an insertion that shows whether the batch is at fault.
    expect(attempts() - before).toBeLessThanOrEqual(8);
  });

  test('stores the batch and accepts requests again as soon as it has room', async () => {
    const { store, outbox, events, first, place, acceptWrites, go } = await refusing();
    acceptWrites();
    await go(COMMIT_BACKOFF_MAX_MS + STEP_MS);
    expect((await first).outcome).toBe('created');
    expect(outbox.state().refusesWrites).toBe(false);
    const next = place('next');
    await go(100);
    expect((await next).outcome).toBe('created');
    expect(store.stored.has('o:next')).toBe(true);
    expect(events.filter((name) => name.startsWith('store-'))).toEqual([
      'store-refuses-writes',
      'store-accepts-writes',
    ]);
  });
});

test('an interruption of less than a second delays requests, and refuses none', async () => {
  const { refuseWrites, acceptWrites, go, place } = await setUp();
  refuseWrites();
  const placed = [place('a'), place('b')];
  await go(REFUSING_AFTER_MS - 100);
  placed.push(place('c'));
  acceptWrites();
  await go(COMMIT_BACKOFF_MAX_MS);
  expect((await Promise.all(placed)).map(({ outcome }) => outcome)).toEqual(['created', 'created', 'created']);
});

test('a store that can neither be read nor written delays requests until their deadline', async () => {
  const { store, outbox, refuseWrites, go, place } = await setUp();
  refuseWrites();
  store.read = () => Promise.reject(new Error('down'));
  const placed = place('a');
  await go(5 * REFUSING_AFTER_MS);
  expect(outbox.state().refusesWrites).toBe(false);
  await go(DEADLINE_MS);
  expect((await placed).outcome).toBe('unknown');
});

test('a document that the store does not accept is not taken for a store that refuses writes', async () => {
  const { store, outbox, go, place } = await setUp();
  store.transacts = (operations) =>
    operations.some(({ key }) => key === 'o:bad') ? 'unknown' : store.apply(operations);
  const bad = place('bad');
  for (let i = 0; i < 50; i++) {
    await go(100);
    expect(outbox.state().refusesWrites).toBe(false);
  }
  expect((await bad).outcome).toBe('unknown');
});
