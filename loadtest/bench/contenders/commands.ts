import type { Publication, Sidecar } from '@standing-order/dapr';
import type { Pending } from '@standing-order/order/domain/order';
import { commandTransport } from '@standing-order/order/outbox/command-transport';
import { createTokenSigner, KEY_LENGTH } from '@standing-order/order/outbox/token-signature';
import { systemClock } from '@standing-order/service-kit/runtime';

/** One message for a topic. */
export interface Command {
  readonly topic: string;
  readonly publication: Publication;
}

const tokens = createTokenSigner([Buffer.alloc(KEY_LENGTH)]);

/** The two commands of an order, byte for byte as the order service sends them. */
export async function commandsOf(order: Pending): Promise<readonly Command[]> {
  const commands: Command[] = [];
  const publish: Sidecar['publish'] = async (_pubsub, topic, publications) => {
    for (const publication of publications) commands.push({ topic, publication });
    return publications.map(() => true);
  };
  const transport = commandTransport({
    sidecar: { publish },
    pubsub: '',
    clock: systemClock,
    tokens,
    partitionKeyOf: String,
    maxEntries: 1,
  });
  const token = { w: 'bench', a: 1, t: 0 };
  await transport.send(
    ['consumer', 'details'].map((channel) => ({
      channel,
      lane: laneOf(order.id),
      token,
      document: order,
      alone: false,
    })),
  );
  return commands;
}

/** Any even distribution: lanes only become partition keys. */
const laneOf = (id: string): number => Number.parseInt(id.slice(-2), 16) % 64;
