import type { OutgoingCommand } from '@standing-order/outbox';
import { expect, it, vi } from 'vitest';
import type { Order } from '../domain/order.ts';
import { createConfirmations, type Entries } from './confirmations.ts';

const token = (t: number) => ({ w: 'w', a: 1, t });
const indexed = (id: string, t: number) => ({ id, reply: { kind: 'indexed', token: token(t) } });
const timeUp = (...ids: string[]): Entries => ids.map((id) => ({ id, reply: { kind: 'time-up' } }));
const sending = (id: string, t: number, status: Order['status'] = 'PENDING'): OutgoingCommand<Order> => ({
  channel: 'index',
  lane: 0,
  token: token(t),
  document: { id, status } as Order,
});

function setUp(record: (entries: Entries) => Promise<[]> = async () => []) {
  const timers: { ms: number; fire: () => void }[] = [];
  const recorded: Entries[] = [];
  const confirmations = createConfirmations({
    clock: {
      setTimer(ms, fire) {
        timers.push({ ms, fire });
        return () => {};
      },
    },
    outbox: {
      record(entries) {
        recorded.push(entries);
        return record(entries);
      },
    },
  });
  /** Lets the one timer fire that there may be; false when there is none. */
  const tick = (): boolean => {
    expect(timers.length).toBeLessThanOrEqual(1);
    const [timer] = timers.splice(0);
    timer?.fire();
    return timer !== undefined;
  };
  return { ...confirmations, recorded, tick, timers };
}

it('a confirmation goes along with the first answer to its order, once', () => {
  const { add, joined, recorded, tick } = setUp();
  add([sending('a', 1), sending('b', 2)]);
  expect(joined(timeUp('b', 'c', 'b'))).toEqual([...timeUp('b', 'c', 'b'), indexed('b', 2)]);
  expect(joined(timeUp('b'))).toEqual(timeUp('b'));
  tick();
  expect(joined(timeUp('a'))).toEqual([...timeUp('a'), indexed('a', 1)]);
  while (tick());
  expect(recorded).toEqual([]);
});

it('one that nothing comes along for is recorded after one to two pauses', () => {
  const { add, recorded, tick, timers } = setUp();
  add([sending('a', 1)]);
  expect(timers.map(({ ms }) => ms)).toEqual([2_000]);
  tick();
  add([sending('b', 2)]);
  expect(recorded).toEqual([]);
  tick();
  expect(recorded).toEqual([[indexed('a', 1)]]);
  tick();
  expect(recorded).toEqual([[indexed('a', 1)], [indexed('b', 2)]]);
  expect(tick()).toBe(false);
  add([sending('c', 3)]);
  expect(timers).toHaveLength(1);
});

it('that of an order which nobody will answer any more is recorded at once', () => {
  const { add, recorded, tick } = setUp();
  add([sending('a', 1, 'VALIDATED')]);
  expect(recorded).toEqual([[indexed('a', 1)]]);
  expect(tick()).toBe(false);
});

it('an order that is sent again meanwhile need not be listed again; the newest sending is confirmed', () => {
  const { add, awaits, joined, tick } = setUp();
  expect(awaits(sending('a', 1))).toBe(false);
  add([sending('a', 1)]);
  tick();
  expect(awaits(sending('a', 2))).toBe(true);
  expect(joined(timeUp('a')).slice(1)).toEqual([indexed('a', 2)]);
  expect(awaits(sending('a', 3))).toBe(false);
});

it('who leaves records all that waits', async () => {
  const { add, leave, recorded, tick } = setUp();
  add([sending('a', 1)]);
  tick();
  add([sending('b', 2)]);
  await leave();
  expect(recorded).toEqual([[indexed('a', 1), indexed('b', 2)]]);
});

it('what cannot be recorded is left to the outbox, which sends it again', async () => {
  const record = vi.fn(() => Promise.reject(new Error('the store is down')));
  const { add, awaits, tick } = setUp(record);
  add([sending('a', 1)]);
  while (tick());
  await vi.waitUntil(() => record.mock.calls.length === 1);
  expect(awaits(sending('a', 2))).toBe(false);
});
