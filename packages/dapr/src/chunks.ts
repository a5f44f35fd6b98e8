/** daprd 1.18 took bodies of 4.07 MB and refused 4.47 MB; this leaves room for what it counts and we don't. */
export const MAX_BODY_BYTES = 3_900_000;

export interface Chunk<T> {
  readonly items: readonly T[];
  /** The items as a JSON array. */
  readonly body: string;
  /** One item that is too large for any body. */
  readonly tooLarge: boolean;
}

/** Cuts items into JSON arrays that the sidecar takes; order is kept. Each item is turned into JSON once. */
export function* chunksOf<T>(
  items: readonly T[],
  toJson: (item: T, index: number) => string = (item) => JSON.stringify(item),
  maxBytes: number = MAX_BODY_BYTES,
): Generator<Chunk<T>> {
  let from = 0;
  let parts: string[] = [];
  let bytes = 2;
  const cut = (to: number): Chunk<T> => ({
    items: items.slice(from, to),
    body: `[${parts.join(',')}]`,
    tooLarge: bytes > maxBytes,
  });
  for (const [index, item] of items.entries()) {
    const json = toJson(item, index);
    const weight = Buffer.byteLength(json) + 1;
    if (parts.length > 0 && bytes + weight > maxBytes) {
      yield cut(index);
      from = index;
      parts = [];
      bytes = 2;
    }
    parts.push(json);
    bytes += weight;
  }
  if (parts.length > 0) yield cut(items.length);
}
