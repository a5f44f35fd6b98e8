import { createManualClock } from '@standing-order/testing/manual-clock';
import { describe, expect, test } from 'vitest';
import { createStoreReserve } from './store-reserve.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;
/** Enough for several ticks, and for the longest pause between two attempts to restore. */
const WHILE_MS = 150_000;

/** A reserve in a store of this size. `used` is the size of everything else. */
async function setUp(capacity: number) {
  const clock = createManualClock();
  const stored = new Map<string, { readonly size: number; readonly until: number }>();
  const state = { used: 0, openOrders: 0, refusesWrites: false, isDown: false, failures: 0, writeMs: 0 };
  const reserved = () =>
    [...stored.values()].reduce((sum, { size, until }) => (clock.wall() < until ? sum + size : sum), 0);
  const room = () => capacity - state.used - reserved();
  const writes: string[] = [];
  const reserve = createStoreReserve({
    clock,
    owner: 'me',
    openOrders: () => state.openOrders,
    refusesWrites: () => state.refusesWrites,
    store: {
      async get() {
        if (state.isDown) throw new Error('down');
        return undefined;
      },
      async insert(key, value, expiresInSeconds = 0) {
        const size = String(value).length;
        if (state.writeMs > 0) await new Promise<void>((resolve) => clock.setTimer(state.writeMs, resolve));
        if (state.failures > 0) {
          state.failures--;
          return 'unknown';
        }
        if (state.isDown || room() < size) return 'unknown';
        writes.push(key);
        stored.set(key, { size, until: clock.wall() + 1_000 * expiresInSeconds });
        return 'created';
      },
      async remove(key) {
        if (state.isDown) return 'unknown';
        stored.delete(key);
        return 'written';
      },
    },
  });
  reserve.start();
  const go = (ms = WHILE_MS) => clock.advanceSlowly(ms);
  await go();
  return { reserve, state, reserved, room, writes, go };
}

describe('the reserve', () => {
  test('is small without open orders, and costs no writes then', async () => {
    const { reserve, reserved, writes, go } = await setUp(100 * MIB);
    expect(reserved()).toBe(MIB);
    const before = writes.length;
    await go();
    expect(writes.length).toBe(before);
    expect(reserve.isReleased).toBe(false);
  });

  test('grows and shrinks with the open orders', async () => {
    const { state, reserved, go } = await setUp(100 * MIB);
    state.openOrders = 10_000;
    await go();
    expect(reserved()).toBeGreaterThanOrEqual(10_000 * KIB);
    state.openOrders = 0;
    await go();
    expect(reserved()).toBe(MIB);
  });

  test('keeps pace with 3,000 orders/s that stay open', async () => {
    const { state, reserved, go } = await setUp(1_024 * MIB);
    for (let seconds = 0; seconds < 100; seconds++) {
      state.openOrders += 3_000;
      await go(1_000);
      // The verdicts of an order need 600 bytes of its 1 KiB. The orders of one interval and more may still be without.
      expect(reserved()).toBeGreaterThanOrEqual((state.openOrders - 30_000) * KIB);
    }
  });

  test('is written anew before it expires', async () => {
    const { writes, reserved, go } = await setUp(100 * MIB);
    const before = writes.length;
    for (let hours = 0; hours < 3; hours++) await go(3_600_000);
    expect(writes.length - before).toBeGreaterThanOrEqual(3 * 16);
    expect(reserved()).toBe(MIB);
  });

  test('is freed when the store is full, so that every open order fits with its verdicts', async () => {
    const { reserve, state, room, go } = await setUp(20 * MIB);
    state.openOrders = 5_000;
    await go();
    // The orders of other replicas take the rest.
    state.used += room();
    await go(30_000);
    expect(reserve.isReleased).toBe(true);
    expect(room()).toBeGreaterThanOrEqual(5_000 * KIB);
  });

  test('is kept when a single write fails and the store has room, as after a pause of the process', async () => {
    const { reserve, state, reserved, go } = await setUp(20 * MIB);
    state.openOrders = 5_000;
    state.failures = 1;
    await go(6_000);
    expect(state.failures).toBe(0);
    expect(reserve.isReleased).toBe(false);
    await go();
    expect(reserved()).toBeGreaterThanOrEqual(5_000 * KIB);
  });

  test('is freed when the outbox finds that the store refuses transactions', async () => {
    const { reserve, state, reserved, go } = await setUp(20 * MIB);
    state.refusesWrites = true;
    await go(6_000);
    expect(reserve.isReleased).toBe(true);
    expect(reserved()).toBe(0);
  });

  test('is not restored while that would fill the store, and is restored with room to spare', async () => {
    const { reserve, state, reserved, room, go } = await setUp(20 * MIB);
    state.openOrders = 5_000;
    await go();
    state.used += room();
    await go();
    expect(reserve.isReleased).toBe(true);
    expect(reserved()).toBe(0);
    state.used -= 3 * MIB;
    await go();
    expect(reserve.isReleased).toBe(false);
    expect(room()).toBeGreaterThan(MIB);
  });

  test('is no reason to refuse orders while the store is down', async () => {
    const { reserve, state, go } = await setUp(20 * MIB);
    state.openOrders = 5_000;
    state.isDown = true;
    await go();
    expect(reserve.isReleased).toBe(false);
    state.isDown = false;
    await go();
    expect(reserve.isReleased).toBe(false);
  });

  test('is complete soon after an outage in which the store deleted its chunks', async () => {
    const { state, reserved, go } = await setUp(20 * MIB);
    state.openOrders = 5_000;
    await go();
    for (const minutes of [9, 29, 31, 45, 120]) {
      state.isDown = true;
      await go(minutes * 60_000);
      state.isDown = false;
      for (let after = 0; after < 60; after++) {
        await go(60_000);
        expect(reserved()).toBeGreaterThanOrEqual(5_000 * KIB);
      }
    }
  });

  test('leaves no chunk behind when the service stops', async () => {
    const { reserve, state, reserved, go } = await setUp(20 * MIB);
    state.openOrders = 5_000;
    await go();
    await reserve.stop();
    expect(reserved()).toBe(0);
    await go();
    expect(reserved()).toBe(0);
  });

  test('leaves no chunk behind when the service stops while it grows slowly', async () => {
    const { reserve, state, reserved, go } = await setUp(100 * MIB);
    state.openOrders = 50_000;
    state.writeMs = 100;
    await go(10_000);
    const stopped = reserve.stop();
    await go(4_000);
    await stopped;
    expect(reserved()).toBe(0);
  });
});
