/**
 * Keys and shapes of the values that the outbox keeps in the store. Ids and ETags are strings. Every value has a version
 * `v`. Values of the neighbouring versions are readable.
 */
const VERSION = 1;

/** Key of a document. */
export const documentKey = (id: string): string => `o:${id}`;
/** Key of segment `n` of a writer. */
export const segmentKey = (writer: string, n: number): string => `s:${writer}:${n}`;
/** Key of the record of a writer. */
export const writerKey = (writer: string): string => `w:${writer}`;
/** Key of the registry of writers. */
export const REGISTRY_KEY = 'writers';

/** Whether this is the key of a document or a segment. */
export const isEntryKey = (key: string): boolean => /^[os]:/.test(key);

/** Fields that this version does not know. They are kept when the value is written again. */
type Extra = Readonly<Record<string, unknown>>;

/** Names the documents of one commit. A segment is never changed, and its key is never used again. */
export interface Segment {
  readonly ids: readonly string[];
}

/** The record of a writer, which contains its heartbeat. */
export interface WriterRecord {
  /** Increases with every heartbeat. */
  readonly beat: number;
  /** The smallest segment number not known to be deleted. Stored as `lo`. */
  readonly low: number;
  /** Segment numbers from here on are not used yet. */
  readonly limit: number;
  /** The writer has left, so that other writers take over without waiting. */
  readonly left: boolean;
  readonly extra: Extra;
}

/** The registry of writers. */
export interface Registry {
  /** Increases with every change, so that no value is ever stored twice. */
  readonly revision: number;
  readonly writers: readonly string[];
  readonly extra: Extra;
}

/** This version of the code cannot read the value. The value must be left unchanged. */
export class UnreadableError extends Error {
  constructor(what: string, value: unknown) {
    super(`${what}: unsupported version or shape: ${(JSON.stringify(value) ?? 'undefined').slice(0, 200)}`);
    this.name = 'UnreadableError';
  }
}

const fields = (what: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UnreadableError(what, value);
  const record = value as Record<string, unknown> & { readonly v?: unknown };
  const { v } = record;
  if (typeof v !== 'number' || Math.abs(v - VERSION) > 1) throw new UnreadableError(what, value);
  return record;
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

/** The stored value of a segment. */
export const segmentValue = (ids: readonly string[]): unknown => ({ v: VERSION, ids });

/** Reads the stored value of a segment. Throws an UnreadableError. */
export const parseSegment = (value: unknown): Segment => {
  const { ids } = fields('segment', value);
  if (!isNames(ids)) throw new UnreadableError('segment', value);
  return { ids };
};

/** The stored value of a writer's record. */
export const writerValue = ({ beat, low, limit, left, extra }: WriterRecord): unknown => ({
  v: VERSION,
  ...extra,
  beat,
  lo: low,
  limit,
  left,
});

/** Reads the stored value of a writer's record. Throws an UnreadableError. */
export const parseWriter = (value: unknown): WriterRecord => {
  const { beat, lo: low, limit, left, ...extra } = fields('writer', value);
  if (!isCount(beat) || !isCount(low) || !isCount(limit)) throw new UnreadableError('writer', value);
  return { beat, low, limit, left: left === true, extra };
};

/** The stored value of the registry. */
export const registryValue = ({ revision, writers, extra }: Registry): unknown => ({
  v: VERSION,
  ...extra,
  revision,
  writers,
});

/** Reads the stored value of the registry. Throws an UnreadableError. */
export const parseRegistry = (value: unknown): Registry => {
  const { revision, writers, ...extra } = fields('registry', value);
  if (!isCount(revision) || !isNames(writers)) throw new UnreadableError('registry', value);
  return { revision, writers, extra };
};
