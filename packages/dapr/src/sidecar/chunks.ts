/** Largest content of a message to the sidecar, in bytes. The sidecar accepts 4 MiB; the difference is room for field names and lengths. */
const MAX_CONTENT_BYTES = 3_900_000;
/** Upper bound for the bytes that an item needs besides its own content. */
const BYTES_PER_ITEM = 128;

/** Items that go into one message. */
export interface Chunk<T> {
  readonly items: readonly T[];
  /** One item that is larger than any message may be. */
  readonly tooLarge: boolean;
}

/** Whether the items fit into one message. */
export const fits = <T>(items: readonly T[], bytesOf: (item: T) => number): boolean =>
  items.reduce((bytes, item) => bytes + bytesOf(item) + BYTES_PER_ITEM, 0) <= MAX_CONTENT_BYTES;

/** Splits items into messages of at most `maxBytes`, in order. */
export function* chunksOf<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  maxBytes: number = MAX_CONTENT_BYTES,
): Generator<Chunk<T>> {
  let from = 0;
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    const itemBytes = bytesOf(item) + BYTES_PER_ITEM;
    if (index > from && bytes + itemBytes > maxBytes) {
      yield { items: items.slice(from, index), tooLarge: bytes > maxBytes };
      from = index;
      bytes = 0;
    }
    bytes += itemBytes;
  }
  if (items.length > from) yield { items: items.slice(from), tooLarge: bytes > maxBytes };
}
