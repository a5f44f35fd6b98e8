/** Shapes and keys of everything that the outbox keeps in the store. Ids and ETags are strings; every value has a version. */
const VERSION = 1;

export const documentKey = (id: string): string => `o:${id}`;
export const segmentKey = (writer: string, n: number): string => `s:${writer}:${n}`;
export const writerKey = (writer: string): string => `w:${writer}`;
export const REGISTRY_KEY = 'writers';

/** Fields that this version does not know are kept when a value is written again. */
type Extra = Readonly<Record<string, unknown>>;

/** Names the documents that one commit carried. Never changed; its key is never used again. */
export interface Segment {
  readonly ids: readonly string[];
}

export interface WriterRecord {
  readonly beat: number;
  /** The smallest segment number not known to be deleted. */
  readonly low: number;
  /** Segment numbers from here on are not used yet. */
  readonly limit: number;
  readonly left: boolean;
  readonly extra: Extra;
}

export interface Registry {
  /** Grows with every change, so that no value ever comes back. */
  readonly revision: number;
  readonly writers: readonly string[];
  readonly extra: Extra;
}

/** The value can't be understood by this version of the code; it must be left as it is. */
export class UnreadableError extends Error {
  constructor(what: string, value: unknown) {
    super(`${what}: not of a version this code reads: ${(JSON.stringify(value) ?? 'undefined').slice(0, 200)}`);
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

export const segmentValue = (ids: readonly string[]): unknown => ({ v: VERSION, ids });

/** Throws an UnreadableError. */
export const parseSegment = (value: unknown): Segment => {
  const { ids } = fields('segment', value);
  if (!isNames(ids)) throw new UnreadableError('segment', value);
  return { ids };
};

export const writerValue = ({ beat, low, limit, left, extra }: WriterRecord): unknown => ({
  v: VERSION,
  ...extra,
  beat,
  lo: low,
  limit,
  left,
});

/** Throws an UnreadableError. */
export const parseWriter = (value: unknown): WriterRecord => {
  const { beat, lo: low, limit, left, ...extra } = fields('writer', value);
  if (!isCount(beat) || !isCount(low) || !isCount(limit)) throw new UnreadableError('writer', value);
  return { beat, low, limit, left: left === true, extra };
};

export const registryValue = ({ revision, writers, extra }: Registry): unknown => ({
  v: VERSION,
  ...extra,
  revision,
  writers,
});

/** Throws an UnreadableError. */
export const parseRegistry = (value: unknown): Registry => {
  const { revision, writers, ...extra } = fields('directory', value);
  if (!isCount(revision) || !isNames(writers)) throw new UnreadableError('directory', value);
  return { revision, writers, extra };
};
