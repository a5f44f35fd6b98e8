import { createBatch, entryOf, messageSchema, TOPICS } from '@standing-order/contracts';
import { expect, it } from 'vitest';
import { createOrderMessage, readOutcomes } from './messages.ts';

const orderId = '01890a5d-ac96-774b-bcce-000000000001';
const token = { w: 'w', a: 1, t: 5 };

/** A message as the order service sends it. */
const sent = (type: string, data: object) =>
  JSON.stringify({
    specversion: '1.0',
    id: 'm1',
    source: '/order',
    type,
    subject: orderId,
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    data,
  });

const order = {
  id: orderId,
  status: 'EXPIRED',
  consumerId: 'ada',
  restaurantId: 'trattoria',
  lines: [{ itemId: 'pizza', quantity: 2 }],
  createdAt: '2026-01-01T00:00:00Z',
  settledAt: '2026-01-01T00:00:01Z',
  reasons: [],
};

const outcomeOf = (correlationId: string) =>
  sent('com.standing-order.order-outcome.v1', { orderId, token, correlationId, order });

it('writes CreateOrder messages that match the schema of the topic', () => {
  const requests = [0, 1, 5_000].map((n) =>
    messageSchema(TOPICS['order-requests'].types).parse(createOrderMessage(n, `load-${n}`, 0).event),
  );
  expect(requests.map(({ data }) => data.correlationId)).toEqual(['load-0', 'load-1', 'load-5000']);
  expect(new Set(requests.map(({ data }) => JSON.stringify(data.request))).size).toBe(3);
  expect(new Set(requests.map(({ data }) => data.replyTo)).size).toBe(1);
  expect(requests.map(({ data }) => data.readsBatches)).toEqual([true, true, true]);
});

it('reads an outcome and confirms it with a receipt', () => {
  const outcomes = readOutcomes(outcomeOf('load-1'), 0);
  expect(outcomes).toMatchObject([{ correlationId: 'load-1', result: { id: orderId } }]);
  const receipt = messageSchema(TOPICS['order-confirmations'].types).parse(outcomes[0]?.receipt?.event);
  expect(receipt).toMatchObject({ type: 'com.standing-order.outcome-received.v1', data: { orderId, token } });
});

it('reads each outcome of a batch message, and confirms each', () => {
  const events = ['load-1', 'load-2'].map((id) => ({ ...JSON.parse(outcomeOf(id)), partitionkey: '7' }));
  const batch = createBatch('com.standing-order.order-outcomes-batch.v1', events[0], events.map(entryOf));
  const outcomes = readOutcomes(JSON.stringify(batch), 0);
  expect(outcomes.map(({ correlationId }) => correlationId)).toEqual(['load-1', 'load-2']);
  expect(outcomes.map(({ receipt }) => receipt?.partitionKey)).toEqual(['7', '7']);
});

it('reads a refusal, which needs no receipt', () => {
  const refusal = { correlationId: 'load-1', detail: 'no', errors: [] };
  expect(readOutcomes(sent('com.standing-order.order-request-refused.v1', refusal), 0)).toEqual([
    { correlationId: 'load-1', result: { other: 'refused', text: 'no' } },
  ]);
});
