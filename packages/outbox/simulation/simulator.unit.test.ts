import { describe, expect, test } from 'vitest';
import { Process } from './process.ts';
import { createRng } from './random.ts';
import { Simulator } from './simulator.ts';
import { type Dialect, SimStore } from './store.ts';

const never = () => false;

describe('the simulator', () => {
  test('runs events by time, then in the order in which they were scheduled', async () => {
    const simulator = new Simulator();
    const seen: string[] = [];
    for (const [delay, name] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [3, 'b'],
    ] as const) {
      simulator.schedule(delay, () => seen.push(`${name}${simulator.now}`));
    }
    await simulator.run(4, never);
    expect(seen).toEqual(['a1', 'b3']);
    await simulator.run(10, never);
    expect(seen).toEqual(['a1', 'b3', 'c5', 'd5']);
  });

  test('finishes promise chains between two events of the same time', async () => {
    const simulator = new Simulator();
    const seen: string[] = [];
    simulator.schedule(1, async () => {
      for (let i = 0; i < 5; i++) await undefined;
      seen.push('end of the chain');
    });
    simulator.schedule(1, () => seen.push('next event'));
    await simulator.run(1, never);
    expect(seen).toEqual(['end of the chain', 'next event']);
  });
});

function createProcess(simulator: Simulator, rate = 1) {
  return new Process(simulator, createRng(1), 'p', { offset: 0, rate }, []);
}

describe('a process', () => {
  test.each([true, false])('receives events only after its pause; its clock runs: %s', async (clockRuns) => {
    const simulator = new Simulator();
    const process = createProcess(simulator);
    const start = process.clock.monotonic();
    const received: number[] = [];
    const fired: number[] = [];
    process.deliver(10, () => received.push(simulator.now));
    process.clock.setTimer(500, () => fired.push(process.clock.monotonic() - start));
    process.pause(1000, clockRuns);
    await simulator.run(5000, never);
    expect(received).toEqual([1000]);
    expect(fired[0]).toBeGreaterThanOrEqual(clockRuns ? 1000 : 500);
    expect(process.clock.monotonic() - start).toBe(clockRuns ? 5000 : 4000);
  });

  test('receives no event when it is dead', async () => {
    const simulator = new Simulator();
    const process = createProcess(simulator);
    process.deliver(10, () => expect.fail('received'));
    process.kill();
    await simulator.run(100, never);
  });

  test.each([0.99, 1.01])('fires no timer early by its own clock, at rate %s', async (rate) => {
    const simulator = new Simulator();
    const { clock } = createProcess(simulator, rate);
    const start = clock.monotonic();
    const fired: number[] = [];
    clock.setTimer(1000, () => fired.push(clock.monotonic() - start));
    await simulator.run(2000, never);
    expect(fired[0]).toBeGreaterThanOrEqual(1000);
    expect(fired[0]).toBeLessThan(1010);
  });
});

function storeWith(dialect: Dialect, ...keys: string[]): SimStore {
  const store = new SimStore(new Simulator(), createRng(1), dialect);
  store.transact(keys.map((key) => ({ op: 'upsert', key, json: '{"is":"old"}' })));
  return store;
}

/** The table in README.md of this folder. */
describe('the store', () => {
  const batch = [
    { op: 'insert', key: 'a', json: '{"is":"new"}' },
    { op: 'upsert', key: 'b', json: '{"is":"new"}' },
  ] as const;

  test('applies the other operations of a transaction on Redis when an insert collides', () => {
    const store = storeWith('redis', 'a');
    expect(store.transact(batch)).toBe(false);
    expect([store.get('a')?.value, store.get('b')?.value]).toEqual([{ is: 'old' }, { is: 'new' }]);
  });

  test('rolls everything back on PostgreSQL', () => {
    const store = storeWith('postgresql', 'a');
    expect(store.transact(batch)).toBe(false);
    expect([store.get('a')?.value, store.get('b')]).toEqual([{ is: 'old' }, undefined]);
  });

  test('accepts a compare-and-set on a missing key on Redis only', () => {
    const item = { key: 'a', value: {}, etag: '7' };
    expect(storeWith('redis').compareAndSet(item)).toBe(true);
    expect(storeWith('postgresql').compareAndSet(item)).toBe(false);
  });

  test('repeats an ETag after a delete on Redis only', () => {
    const repeats = (['redis', 'postgresql'] as const).map((dialect) => {
      const store = storeWith(dialect, 'a');
      const before = store.get('a')?.etag;
      store.transact([{ op: 'delete', key: 'a' }]);
      store.transact([{ op: 'upsert', key: 'a', json: '{}' }]);
      return store.get('a')?.etag === before;
    });
    expect(repeats).toEqual([true, false]);
  });

  test('detects a deadlock on PostgreSQL when two transactions use the same keys in opposite order, and delays one otherwise', () => {
    const store = storeWith('postgresql');
    let deadlocks = 0;
    store.onDeadlock = () => deadlocks++;
    expect(store.admit(batch, 10)).toBe(10);
    expect(store.admit(batch, 10)).toBe(20);
    expect(store.admit([...batch].reverse(), 10)).toBeUndefined();
    expect(deadlocks).toBe(1);
  });
});
