/** Largest body of a request to the sidecar, in bytes. daprd 1.18 accepted 4.07 MB and refused 4.47 MB; its count may differ. */
export const MAX_BODY_BYTES = 3_900_000;

/** Items that go into one request. */
export interface Chunk<T> {
  readonly items: readonly T[];
  /** The items as a JSON array. */
  readonly body: string;
  /** One item that is larger than any body may be. */
  readonly tooLarge: boolean;
}

/** Splits items into JSON arrays of at most `maxBytes`, in order. Each item is serialised once. */
export function* chunksOf<T>(
  items: readonly T[],
  toJson: (item: T, index: number) => string = (item) => JSON.stringify(item),
  maxBytes: number = MAX_BODY_BYTES,
): Generator<Chunk<T>> {
  let from = 0;
  let texts: string[] = [];
  let bytes = 2;
  const chunkUpTo = (to: number): Chunk<T> => ({
    items: items.slice(from, to),
    body: `[${texts.join(',')}]`,
    tooLarge: bytes > maxBytes,
  });
  for (const [index, item] of items.entries()) {
    const json = toJson(item, index);
    const itemBytes = Buffer.byteLength(json) + 1;
    if (texts.length > 0 && bytes + itemBytes > maxBytes) {
      yield chunkUpTo(index);
      from = index;
      texts = [];
      bytes = 2;
    }
    texts.push(json);
    bytes += itemBytes;
  }
  if (texts.length > 0) yield chunkUpTo(items.length);
}
