import type { OutgoingCommand, Transport } from '@standing-order/outbox';
import type { Order } from '../domain/order.ts';
import type { Channel } from './document-handler.ts';

type Commands = readonly OutgoingCommand<Order>[];

/** Sends the groups of a batch concurrently. Returns for each command, in order, whether its transport took it. */
export async function sendInGroups<Group>(
  batch: Commands,
  groupOf: (command: OutgoingCommand<Order>) => Group,
  send: (group: Group, commands: Commands) => Promise<readonly boolean[]>,
): Promise<readonly boolean[]> {
  const sent = new Map<OutgoingCommand<Order>, boolean>();
  await Promise.all(
    [...Map.groupBy(batch, groupOf)].map(async ([group, commands]) => {
      const results = await send(group, commands);
      for (const [index, command] of commands.entries()) sent.set(command, results[index] === true);
    }),
  );
  return batch.map((command) => sent.get(command) === true);
}

/** Sends the commands of the given channels by their own transport, and all others by the default one. */
export function routeByChannel(
  transports: Partial<Record<Channel, Transport<Order>>>,
  defaultTransport: Transport<Order>,
): Transport<Order> {
  const transportOf = ({ channel }: OutgoingCommand<Order>) => transports[channel as Channel] ?? defaultTransport;
  return { send: (batch) => sendInGroups(batch, transportOf, (transport, commands) => transport.send(commands)) };
}
