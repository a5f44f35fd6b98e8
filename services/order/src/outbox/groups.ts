import type { OutgoingCommand, Transport } from '@standing-order/outbox';
import type { Order } from '../domain/order.ts';
import type { Channel } from './business.ts';

type Batch = readonly OutgoingCommand<Order>[];

/** Sends a batch in groups, all at once; says for each entry, in order, whether it was taken. */
export async function sendInGroups<Group>(
  batch: Batch,
  groupOf: (outgoing: OutgoingCommand<Order>) => Group,
  send: (group: Group, batch: Batch) => Promise<readonly boolean[]>,
): Promise<readonly boolean[]> {
  const taken = new Map<OutgoingCommand<Order>, boolean>();
  await Promise.all(
    [...Map.groupBy(batch, groupOf)].map(async ([group, members]) => {
      const results = await send(group, members);
      for (const [index, outgoing] of members.entries()) taken.set(outgoing, results[index] === true);
    }),
  );
  return batch.map((outgoing) => taken.get(outgoing) === true);
}

/** Sends what goes out on some channels on ways of their own, and the rest on the usual one. */
export function routedTransport(
  ways: Partial<Record<Channel, Transport<Order>>>,
  usual: Transport<Order>,
): Transport<Order> {
  const wayOf = ({ channel }: OutgoingCommand<Order>): Transport<Order> => ways[channel as Channel] ?? usual;
  return { send: (batch) => sendInGroups(batch, wayOf, (way, members) => way.send(members)) };
}
