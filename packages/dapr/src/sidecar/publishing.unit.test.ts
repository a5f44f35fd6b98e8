import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { type Publication, SidecarError } from '../types.ts';
import type { DaprService, SidecarClient } from './client.ts';
import { publish } from './publishing.ts';

const messageFor = (partitionKey: string): Publication => ({
  event: { specversion: '1.0', id: partitionKey, source: '/s', type: 't' } as Publication['event'],
  partitionKey,
});

/** A sidecar with Kafka, of which the partitions in `down` refuse all messages. It returns an error as daprd 1.18 does. */
function kafkaWithout(...down: readonly string[]) {
  const requests: string[][] = [];
  const dapr = {
    async bulkPublishEventAlpha1({ entries }: { entries: { metadata: { partitionKey: string } }[] }) {
      const keys = entries.map(({ metadata: { partitionKey } }) => partitionKey);
      requests.push(keys);
      const failed = keys.filter((key) => down.includes(key)).length;
      if (failed > 0)
        throw new ConnectError(
          `error when publishing to topic x in pubsub messages: kafka: Failed to deliver ${failed} messages.`,
          Code.Internal,
        );
      return { failedEntries: [] };
    },
  } as unknown as DaprService;
  const client: Pick<SidecarClient, 'send'> = {
    send: (operation, call) =>
      call(dapr, {}).catch((error: unknown) => {
        throw new SidecarError(`${operation}: ${String(error)}`, Code.Internal, error);
      }),
  };
  return { client, requests };
}

test('messages of the partitions that work are accepted, although Dapr reports an error for the whole batch', async () => {
  const { client, requests } = kafkaWithout('b');
  const accepted = await publish(client, 'messages', 'x', ['a', 'b', 'a', 'c'].map(messageFor));
  expect(accepted).toEqual([true, false, true, true]);
  expect(requests).toEqual([['a', 'b', 'a', 'c'], ['a', 'a'], ['b'], ['c']]);
});

test('a batch that the broker refused as a whole is not sent again', async () => {
  const { client, requests } = kafkaWithout('a', 'b');
  expect(await publish(client, 'messages', 'x', ['a', 'b'].map(messageFor))).toEqual([false, false]);
  expect(requests).toHaveLength(1);
});
