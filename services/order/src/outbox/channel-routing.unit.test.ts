import type { OutgoingCommand, Transport } from '@standing-order/outbox';
import { expect, it } from 'vitest';
import type { Order } from '../domain/order.ts';
import { routeByChannel } from './channel-routing.ts';

it('sends each channel by its transport, and returns the results in the order of the batch', async () => {
  const sent: string[][] = [];
  const transport = (name: string, isUp: boolean): Transport<Order> => ({
    async send(batch) {
      sent.push([name, ...batch.map(({ channel }) => channel)]);
      return batch.map(() => isUp);
    },
  });
  const routed = routeByChannel({ index: transport('own', true) }, transport('default', false));
  const batch = ['consumer', 'index', 'details', 'index'].map((channel) => ({ channel }) as OutgoingCommand<Order>);
  expect(await routed.send(batch)).toEqual([false, true, false, true]);
  expect(sent).toEqual([
    ['default', 'consumer', 'details'],
    ['own', 'index', 'index'],
  ]);
});
