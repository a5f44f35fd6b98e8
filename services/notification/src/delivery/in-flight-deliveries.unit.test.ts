import { createMemoryStore } from '@standing-order/testing/memory-store';
import { expect, test } from 'vitest';
import { type DeliveryState, INITIAL_STATE } from '../domain/delivery-state.ts';
import { newEndpoint } from '../domain/endpoint.ts';
import type { WebhookEvent } from '../domain/event.ts';
import { createInFlightDeliveries } from './in-flight-deliveries.ts';
import { createSemaphore } from './semaphore.ts';
import { createEndpointLogs } from './storage/logs.ts';

const event: WebhookEvent = {
  id: 'e1',
  type: 'order.validated',
  timestamp: '2026-11-22T09:00:00.000Z',
  data: { orderId: 'o1', consumerId: 'ada', status: 'VALIDATED', reasons: [] },
};

test('events that another replica has finished free capacity for prefetching', () => {
  const open = (position: number) => ({ position, eventId: `e${position}`, attempts: 0, dueAt: 0 });
  let state: DeliveryState = { ...INITIAL_STATE, open: [open(1), open(2)] };
  const deliveries = createInFlightDeliveries({
    clock: { wall: () => 0 },
    random: () => 0.5,
    logs: createEndpointLogs(createMemoryStore()),
    sender: { send: async () => undefined },
    semaphore: createSemaphore(1),
    progress: {
      get state() {
        return state;
      },
      record() {},
    },
    signal: new AbortController().signal,
    endpoint: () =>
      newEndpoint({ id: 'one', request: { url: 'https://example.com/', description: '' }, secret: '', now: 0 }),
    onResult: async () => {},
    onEnd() {},
  });
  const { prefetchCapacity } = deliveries;
  for (const { position } of state.open) deliveries.prefetch(position, event);
  state = { ...state, open: [open(2)] };
  deliveries.dropFinished();
  expect(deliveries.prefetchCapacity).toBe(prefetchCapacity - 1);
});
