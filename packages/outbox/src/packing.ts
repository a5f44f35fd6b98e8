/** How entries are packed into messages. */
export interface PackOptions<T> {
  /** Only entries of one group share a message. */
  groupOf(entry: T): unknown;
  /** Whether the entry gets a message of its own. */
  isAlone(entry: T): boolean;
  /** Size of the entry in a message. */
  bytesOf(entry: T): number;
  readonly maxEntries: number;
  /** Maximum sum of sizes in a message. A larger entry gets a message of its own. */
  readonly maxBytes: number;
}

interface Pack<T> {
  readonly entries: T[];
  bytes: number;
}

/**
 * Packs entries into messages, by group and within the limits. Each entry is in exactly one message. The entries of a group
 * keep their order, except for those that are alone.
 */
export function packEntries<T>(entries: readonly T[], options: PackOptions<T>): T[][] {
  const { groupOf, isAlone, bytesOf, maxEntries, maxBytes } = options;
  const messages: T[][] = [];
  const open = new Map<unknown, Pack<T>>();
  for (const entry of entries) {
    if (maxEntries <= 1 || isAlone(entry)) {
      messages.push([entry]);
      continue;
    }
    const group = groupOf(entry);
    const bytes = bytesOf(entry);
    const pack = open.get(group);
    if (pack !== undefined && pack.entries.length < maxEntries && pack.bytes + bytes <= maxBytes) {
      pack.entries.push(entry);
      pack.bytes += bytes;
    } else {
      const next = { entries: [entry], bytes };
      open.set(group, next);
      messages.push(next.entries);
    }
  }
  return messages;
}
