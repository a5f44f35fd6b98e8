import type { CloudEvent, Message } from '@standing-order/contracts';
import type { Publication } from '@standing-order/dapr';
import { contextOf } from '@standing-order/service-kit/telemetry';
import { expect, test } from 'vitest';
import { replyToCommands } from './command-handler.ts';

type Command = Message<'com.standing-order.validate-consumer-info.v1'> & CloudEvent;

const command = (n: number, consumerId: string) => ({
  message: {
    id: `command-${n}`,
    type: 'com.standing-order.validate-consumer-info.v1',
    data: { orderId: `01890a5d-ac96-774b-bcce-00000000000${n}`, token: { w: 'writer', a: 1, t: 0 }, consumerId },
  } as Command,
  context: contextOf(undefined),
  batched: false,
});

/** Resolves when every promise chain that needs no timer has finished. */
const atRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Options {
  /** Reads and publishes wait for it. */
  readonly ready?: Promise<void>;
  /** Whether the broker accepts a reply. */
  readonly accepts?: (reply: Publication) => boolean;
}

function setUp({ ready = Promise.resolve(), accepts = () => true }: Options = {}) {
  const reads: string[][] = [];
  const published: string[][] = [];
  const handle = replyToCommands<Command, string>({
    entities: {
      async getAll(ids) {
        reads.push([...ids]);
        await ready;
        return new Map([...ids].map((id) => [id, `entity ${id}`]));
      },
    },
    sidecar: {
      async publish(_pubsub, topic, messages) {
        expect(topic).toBe('order-replies');
        published.push(messages.map(({ event }) => event.id));
        await atRest();
        return messages.map(accepts);
      },
    },
    pubsub: 'messages',
    source: '/consumer',
    clock: { wall: () => 0 },
    entityOf: ({ data }) => data.consumerId,
    validate: (entity, { data }) => ({
      type: 'com.standing-order.consumer-refused.v1',
      data: { reasons: [{ code: 'unknown-consumer', text: `${entity} for ${data.consumerId}` }] },
    }),
  });
  return { handle, reads, published };
}

test('messages that arrive during a read share the next read and one publish, and each has its own result', async () => {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const { handle, reads, published } = setUp({ ready, accepts: ({ event }) => event.id !== 'command-3-reply' });
  const first = handle([command(1, 'ada')]);
  const others = Promise.all([handle([command(2, 'bob')]), handle([command(3, 'cleo'), command(4, 'ada')])]);
  resolve();
  expect(await first).toEqual(['success']);
  expect(await others).toEqual([['success'], ['retry', 'success']]);
  expect(reads).toEqual([['ada'], ['bob', 'cleo', 'ada']]);
  expect(published).toEqual([['command-1-reply'], ['command-2-reply', 'command-3-reply', 'command-4-reply']]);
});

test('a message that arrives alone is handled at once', async () => {
  const { handle, reads, published } = setUp();
  expect(await handle([command(1, 'ada')])).toEqual(['success']);
  expect(await handle([command(2, 'bob')])).toEqual(['success']);
  expect(reads).toEqual([['ada'], ['bob']]);
  expect(published).toEqual([['command-1-reply'], ['command-2-reply']]);
});
