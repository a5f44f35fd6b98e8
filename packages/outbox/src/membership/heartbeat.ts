import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { parseWriter, type WriterRecord, writerKey, writerValue } from '../storage-format.ts';
import { type Times, timesOf } from '../util/time.ts';

/**
 * The record of one writer in the store. A heartbeat writes the record and reads it back: only a record that was read
 * counts, for the reserved limit and for the age of the heartbeat.
 */
export class Heartbeat<D extends OutboxDocument, A> {
  /** Segment numbers below this limit are reserved, because the limit was read back from the store. */
  limit = 0;
  readonly #context: Context<D, A>;
  readonly #key: string;
  #record: WriterRecord;
  #etag = '';
  #confirmed: Times = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

  constructor(context: Context<D, A>, name: string) {
    this.#context = context;
    this.#key = writerKey(name);
    this.#record = { beat: 0, low: 1, limit: context.settings.reservedNumbers, left: false, extra: {} };
  }

  /** Inserts the record. May be repeated. Throws when it could not be confirmed. */
  async insert(): Promise<void> {
    const sent = timesOf(this.#context.clock);
    await this.#context.store.transact([
      { op: 'insert', key: this.#key, json: JSON.stringify(writerValue(this.#record)) },
    ]);
    await this.#readBack(sent, this.#record.beat);
  }

  /** Writes a heartbeat that reserves numbers beyond `next`. Throws when it could not be confirmed. */
  async write({
    low,
    next,
    left,
  }: {
    readonly low: number;
    readonly next: number;
    readonly left: boolean;
  }): Promise<void> {
    const { store, settings } = this.#context;
    const sent = timesOf(this.#context.clock);
    const limit = Math.max(this.#record.limit, next + settings.reservedNumbers);
    const record = { ...this.#record, beat: this.#record.beat + 1, low, limit, left };
    // Kept before it is sent: every record that may ever be applied has a beat of its own, and limits only grow.
    this.#record = record;
    await store.write([{ key: this.#key, value: writerValue(record), etag: this.#etag }]);
    await this.#readBack(sent, record.beat);
  }

  /** Whether the last confirmed heartbeat is too old, by either clock. Its age counts from when it was sent. */
  get isExpired(): boolean {
    const now = timesOf(this.#context.clock);
    const age = {
      monotonicMs: now.monotonic - this.#confirmed.monotonic,
      wallMs: now.wall - this.#confirmed.wall,
    };
    return this.#context.policies.isExpired(age, this.#context.settings);
  }

  /** Confirms the heartbeat `beat`. If another record is read, only its ETag is used. */
  async #readBack(sent: Times, beat: number): Promise<void> {
    const stored = (await this.#context.store.read([this.#key])).get(this.#key);
    if (stored === undefined) throw new Error('the record of the writer is missing');
    const record = parseWriter(stored.value);
    this.#etag = stored.etag;
    this.#record = { ...this.#record, extra: record.extra, beat: Math.max(record.beat, this.#record.beat) };
    if (record.beat !== beat) throw new Error('the heartbeat was not confirmed');
    this.limit = record.limit;
    this.#confirmed = sent;
  }
}
