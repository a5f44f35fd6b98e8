import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, test } from 'vitest';
import { type Cursor, newCursor } from '../domain/delivery-state.ts';
import { newHook } from '../domain/endpoint.ts';
import type { Event } from '../domain/event.ts';
import { createAttempts } from './in-flight-deliveries.ts';
import { createSlots } from './semaphore.ts';
import { createLogs } from './storage/logs.ts';

const event: Event = {
  id: 'e1',
  type: 'order.validated',
  timestamp: '2026-11-22T09:00:00.000Z',
  data: { orderId: 'o1', consumerId: 'ada', status: 'VALIDATED', reasons: [] },
};

test('events that another replica has finished leave room for others that are read ahead', () => {
  const open = (position: number) => ({ position, eventId: `e${position}`, attempts: 0, dueAt: 0 });
  let cursor: Cursor = { ...newCursor, open: [open(1), open(2)] };
  const attempts = createAttempts({
    clock: { wall: () => 0 },
    random: () => 0.5,
    logs: createLogs(createMemoryStore()),
    sender: { send: async () => undefined },
    slots: createSlots(1),
    progress: {
      get cursor() {
        return cursor;
      },
      happened() {},
    },
    signal: new AbortController().signal,
    hook: () => newHook({ id: 'one', request: { url: 'https://example.com/', description: '' }, secret: '', now: 0 }),
    sent: async () => {},
    done() {},
  });
  const { room } = attempts;
  for (const { position } of cursor.open) attempts.readAhead(position, event);
  cursor = { ...cursor, open: [open(2)] };
  attempts.dropFinished();
  expect(attempts.room).toBe(room - 1);
});
