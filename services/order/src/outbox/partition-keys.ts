import { ORDER_LANES } from '@standing-order/contracts';
import type { Broker } from './broker-settings.ts';
import { VALIDATION_CHANNELS } from './document-handler.ts';

/** The partition key of the messages of a lane. Messages with equal keys may share a batch message. */
export type PartitionKeys = (lane: number) => string;

/**
 * FNV-1a with 32 bits over bytes: the hash by which Dapr's Kafka component chooses the partition of a key. It is not shared with
 * the outbox, because Dapr fixes this one and stored segments fix that one.
 */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}

/**
 * The partition keys for a broker.
 *
 * - Redis has no partitions: all lanes have one key.
 * - Kafka: all lanes of one partition have the key of the first of them. It is in the partition that each lane would have by its
 *   own number. If `partitions` is wrong, a lane still has one key, so that its order is kept; only the batches differ.
 * - Without a configured broker each lane has a key of its own.
 */
export function createPartitionKeys(broker: Broker | undefined, partitions: number): PartitionKeys {
  if (broker === 'redis') return () => '0';
  if (broker === undefined) return String;
  const firstOf = new Map<number, string>();
  const keys = Array.from({ length: ORDER_LANES }, (_, lane) => {
    const partition = Math.abs(fnv1a(String(lane)) % partitions);
    const first = firstOf.get(partition) ?? String(lane);
    firstOf.set(partition, first);
    return first;
  });
  return (lane) => keys[lane] ?? String(lane);
}

/**
 * The lanes whose commands wait for each other to fill a message, by channel: those with one partition key, on the channels of the
 * validators. Undefined on other channels, and for all of them if a message has at most one entry. Outcomes share messages without
 * a wait, which would only delay those of clients that do not read batch messages (ADR 0115).
 */
export function createMessageGroups(
  partitionKeyOf: PartitionKeys,
  maxEntries: number,
): (channel: string, lane: number) => string | undefined {
  const shares = (channel: string) => maxEntries > 1 && VALIDATION_CHANNELS.some((name) => name === channel);
  return (channel, lane) => (shares(channel) ? partitionKeyOf(lane) : undefined);
}
