import { ROOT_CONTEXT } from '@opentelemetry/api';
import { type CloudEvent, entriesOf, orderPartitionKey } from '@standing-order/contracts';
import { expect, test } from 'vitest';
import type { Publication } from '../types.ts';
import { createEvent } from './event.ts';
import { type RepliesOptions, sendReplies } from './replies.ts';

const orderId = (index: number) => `01890a5d-ac96-774b-bcce-00000000000${index}`;

interface Options {
  /** Empty: none. */
  readonly key?: string;
  readonly batched?: boolean;
  readonly attempt?: number;
}

const received = (index: number, { key = '3', batched = true, attempt = 1 }: Options = {}) => ({
  batched,
  context: ROOT_CONTEXT,
  message: createEvent({
    id: `c${index}`,
    source: '/order',
    type: 'com.standing-order.validate-consumer-info.v1',
    subject: orderId(index),
    time: 0,
    trace: undefined,
    ...(key && { partitionKey: key }),
    data: { orderId: orderId(index), token: { w: 'w', a: attempt, t: 0 } },
  }),
});

async function reply(batch: ReturnType<typeof received>[], alone?: RepliesOptions['alone']) {
  const published: Publication[] = [];
  const sidecar = {
    async publish(_pubsub: string, _topic: string, messages: readonly Publication[]) {
      published.push(...messages);
      return messages.map(({ partitionKey }) => partitionKey === '3');
    },
  };
  const options = {
    sidecar,
    pubsub: 'messages',
    source: '/consumer',
    clock: { wall: () => 0 },
    ...(alone && { alone }),
  };
  const type = 'com.standing-order.settlement-noted.v1';
  const results = await sendReplies(options, batch, () => ({ type }));
  const ids = published.map(({ event }) => entriesOf(event).map((entry) => (entry as CloudEvent).id));
  return { results, ids, keys: published.map(({ partitionKey }) => partitionKey) };
}

test('the replies to the commands of batch messages share a batch message per partition key', async () => {
  const { ids, keys, results } = await reply([received(1), received(2, { key: '4' }), received(3)]);
  expect(ids).toEqual([['c1-reply', 'c3-reply'], ['c2-reply']]);
  expect(keys).toEqual(['3', '4']);
  expect(results).toEqual(['success', 'retry', 'success']);
});

test('the reply to a command in a message of its own is in one, as a sender without batches reads it', async () => {
  const { ids } = await reply([received(1), received(2, { batched: false }), received(3)]);
  expect(ids).toEqual([['c1-reply', 'c3-reply'], ['c2-reply']]);
});

test('a command without a partition key, of the version before, is answered with the key of its lane', async () => {
  const { keys } = await reply([received(1, { key: '', batched: false })]);
  expect(keys).toEqual([orderPartitionKey(orderId(1))]);
});

test('confirmations are batched unless they confirm a retransmission', async () => {
  const lone = { batched: false };
  const { ids } = await reply(
    [received(1, lone), received(2, { ...lone, attempt: 2 }), received(3, lone)],
    'retransmitted',
  );
  expect(ids).toEqual([['c1-reply', 'c3-reply'], ['c2-reply']]);
});
