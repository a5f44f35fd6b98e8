import { batchTypeOf, createBatch, entryOf, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES } from '@standing-order/contracts';
import { packEntries } from '@standing-order/outbox';
import type { Publication, Sidecar } from '../types.ts';

/** A message to publish, possibly inside a batch message. */
export interface BatchablePublication extends Publication {
  readonly partitionKey: string;
  /** Only messages of one group share a message, which has the partition key of the first of them. Default: the partition key. */
  readonly group?: string;
  /** Whether it must not share a message with others. */
  readonly alone: boolean;
}

/** The broker, and the size of batches. */
export interface BatchPublisherOptions {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  /** Maximum number of entries in one batch message, at most `MAX_BATCH_ENTRIES`. 1: each message is published by itself. */
  readonly maxEntries?: number;
}

const bytesOf = ({ event }: Publication): number => Buffer.byteLength(JSON.stringify(entryOf(event)));

/**
 * Publishes messages in as few batch messages as their groups and the limits allow, if the topic has batch messages.
 * A message that no other can join is published unchanged. Returns for each message, in order, whether the broker accepted it.
 */
export async function publishInBatches(
  { sidecar, pubsub, maxEntries = MAX_BATCH_ENTRIES }: BatchPublisherOptions,
  topic: string,
  publications: readonly BatchablePublication[],
): Promise<readonly boolean[]> {
  const type = batchTypeOf(topic);
  const packs = packEntries([...publications.keys()], {
    groupOf: (index) => at(publications, index).group ?? at(publications, index).partitionKey,
    isAlone: (index) => at(publications, index).alone,
    bytesOf: (index) => bytesOf(at(publications, index)),
    maxEntries: type === undefined ? 1 : Math.min(maxEntries, MAX_BATCH_ENTRIES),
    maxBytes: MAX_BATCH_BYTES,
  });
  const messages = packs.map((pack): Publication => {
    const [first, ...others] = pack.map((index) => at(publications, index));
    if (first === undefined) throw new Error('a message without entries');
    const { event, partitionKey } = first;
    if (type === undefined || others.length === 0) return { event, partitionKey };
    const entries = [first, ...others].map((each) => entryOf(each.event));
    return { event: createBatch(type, event, entries), partitionKey };
  });
  const accepted = await sidecar.publish(pubsub, topic, messages);
  const results: boolean[] = Array(publications.length).fill(false);
  for (const [index, pack] of packs.entries()) for (const entry of pack) results[entry] = accepted[index] === true;
  return results;
}

const at = <T>(list: readonly T[], index: number): T => list[index] as T;
