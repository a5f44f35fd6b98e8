import type { OutgoingCommand } from '@standing-order/outbox';
import { expect, it, vi } from 'vitest';
import type { Order } from '../domain/order.ts';
import type { OrderReply } from '../domain/ports.ts';
import { createConfirmations } from './confirmations.ts';

type Replies = readonly OrderReply[];

const token = (t: number) => ({ w: 'w', a: 1, t });
const indexed = (id: string, t: number) => ({ id, reply: { kind: 'indexed', token: token(t) } });
const timeUp = (...ids: string[]): Replies => ids.map((id) => ({ id, reply: { kind: 'time-up' } }));
const command = (id: string, t: number, status: Order['status'] = 'PENDING'): OutgoingCommand<Order> => ({
  channel: 'index',
  lane: 0,
  alone: false,
  token: token(t),
  document: { id, status } as Order,
});

function setUp(record: (replies: Replies) => Promise<[]> = async () => []) {
  const timers: { ms: number; fire: () => void }[] = [];
  const recorded: Replies[] = [];
  const confirmations = createConfirmations({
    setTimer(ms, fire) {
      timers.push({ ms, fire });
      return () => {};
    },
  });
  confirmations.start({
    record(replies) {
      recorded.push([...replies]);
      return record(replies);
    },
  });
  /** Fires the timer; false when none is set. */
  const tick = (): boolean => {
    expect(timers.length).toBeLessThanOrEqual(1);
    const [timer] = timers.splice(0);
    timer?.fire();
    return timer !== undefined;
  };
  return { ...confirmations, recorded, tick, timers };
}

it('records a confirmation together with the first reply to its order, once', () => {
  const { add, join, recorded, tick } = setUp();
  add([command('a', 1), command('b', 2)]);
  expect(join(timeUp('b', 'c', 'b'))).toEqual([...timeUp('b', 'c', 'b'), indexed('b', 2)]);
  expect(join(timeUp('b'))).toEqual(timeUp('b'));
  tick();
  expect(join(timeUp('a'))).toEqual([...timeUp('a'), indexed('a', 1)]);
  while (tick());
  expect(recorded).toEqual([]);
});

it('records a confirmation without such a reply after one to two pauses', () => {
  const { add, recorded, tick, timers } = setUp();
  add([command('a', 1)]);
  expect(timers.map(({ ms }) => ms)).toEqual([2_000]);
  tick();
  add([command('b', 2)]);
  expect(recorded).toEqual([]);
  tick();
  expect(recorded).toEqual([[indexed('a', 1)]]);
  tick();
  expect(recorded).toEqual([[indexed('a', 1)], [indexed('b', 2)]]);
  expect(tick()).toBe(false);
  add([command('c', 3)]);
  expect(timers).toHaveLength(1);
});

it('records the confirmation of a decided order at once', () => {
  const { add, recorded, tick } = setUp();
  add([command('a', 1, 'VALIDATED')]);
  expect(recorded).toEqual([[indexed('a', 1)]]);
  expect(tick()).toBe(false);
});

it('confirms the newest command of an order that is sent again before its confirmation is recorded', () => {
  const { add, confirmsLater, join, tick } = setUp();
  expect(confirmsLater(command('a', 1))).toBe(false);
  add([command('a', 1)]);
  tick();
  expect(confirmsLater(command('a', 2))).toBe(true);
  expect(join(timeUp('a')).slice(1)).toEqual([indexed('a', 2)]);
  expect(confirmsLater(command('a', 3))).toBe(false);
});

it('records all waiting confirmations when it is flushed', async () => {
  const { add, flush, recorded, tick } = setUp();
  add([command('a', 1)]);
  tick();
  add([command('b', 2)]);
  await flush();
  expect(recorded).toEqual([[indexed('a', 1), indexed('b', 2)]]);
});

it('leaves a confirmation that cannot be recorded to the outbox, which sends its command again', async () => {
  const record = vi.fn(() => Promise.reject(new Error('the store is down')));
  const { add, confirmsLater, tick } = setUp(record);
  add([command('a', 1)]);
  while (tick());
  await vi.waitUntil(() => record.mock.calls.length === 1);
  expect(confirmsLater(command('a', 2))).toBe(false);
});
