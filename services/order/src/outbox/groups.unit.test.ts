import type { OutgoingCommand, Transport } from '@standing-order/outbox';
import { expect, it } from 'vitest';
import type { Order } from '../domain/order.ts';
import { routedTransport } from './groups.ts';

it('each channel goes its own way, and is answered in its own place', async () => {
  const sent: string[][] = [];
  const way = (name: string, takes: boolean): Transport<Order> => ({
    async send(batch) {
      sent.push([name, ...batch.map(({ channel }) => channel)]);
      return batch.map(() => takes);
    },
  });
  const transport = routedTransport({ index: way('own', true) }, way('usual', false));
  const batch = ['consumer', 'index', 'details', 'index'].map((channel) => ({ channel }) as OutgoingCommand<Order>);
  expect(await transport.send(batch)).toEqual([false, true, false, true]);
  expect(sent).toEqual([
    ['usual', 'consumer', 'details'],
    ['own', 'index', 'index'],
  ]);
});
