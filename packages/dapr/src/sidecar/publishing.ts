import { type Publication, SidecarError } from '../types.ts';
import { chunksOf } from './chunks.ts';
import type { SidecarClient } from './client.ts';
import { acceptedEntries, isPartialPublish } from './outcomes.ts';

interface Entry {
  readonly entryId: string;
  readonly contentType: string;
  readonly event: Uint8Array;
  readonly metadata: { readonly partitionKey?: string };
}

/** An entry of a bulk publish. Its id is its index in the whole batch, which is unique and needs no map. */
const entryOf = ({ event, partitionKey }: Publication, entryId: number): Entry => ({
  entryId: String(entryId),
  contentType: 'application/cloudevents+json',
  event: Buffer.from(JSON.stringify(event)),
  metadata: partitionKey === undefined ? {} : { partitionKey },
});

/** The sidecar publishes these bytes as they are. Otherwise it would parse each event and write it again. */
const AS_IT_IS = { rawPayload: 'true' };

/** Publishes messages in bulk. Returns for each message, in order, whether the broker accepted it. */
export async function publish(
  client: Pick<SidecarClient, 'send'>,
  pubsubName: string,
  topic: string,
  messages: readonly Publication[],
): Promise<boolean[]> {
  const accepted = new Set<string>();
  for (const { items, tooLarge } of chunksOf(messages.map(entryOf), ({ event }) => event.length))
    if (!tooLarge) for (const id of await publishEntries(client, pubsubName, topic, items)) accepted.add(id);
  return messages.map((_, index) => accepted.has(String(index)));
}

/**
 * Publishes entries, and returns the ids of those that the broker accepted. When Kafka accepted some entries only, Dapr returns
 * an error without ids. Then the entries of each partition key are sent again by themselves: while some partitions have no
 * leader, the others work.
 */
async function publishEntries(
  client: Pick<SidecarClient, 'send'>,
  pubsubName: string,
  topic: string,
  entries: readonly Entry[],
): Promise<readonly string[]> {
  const request = { pubsubName, topic, entries: [...entries], metadata: AS_IT_IS };
  try {
    const response = await client.send('publish', (dapr, options) => dapr.bulkPublishEventAlpha1(request, options));
    return acceptedEntries(response, entries);
  } catch (error) {
    if (!(error instanceof SidecarError && isPartialPublish(error, entries.length))) return [];
    const groups = [...Map.groupBy(entries, ({ metadata: { partitionKey } }) => partitionKey).values()];
    if (groups.length === 1) return [];
    return (await Promise.all(groups.map((group) => publishEntries(client, pubsubName, topic, group)))).flat();
  }
}
