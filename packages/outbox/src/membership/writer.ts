import { SegmentNumbers } from '../commit/segment-numbers.ts';
import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import {
  parseRegistry,
  parseWriter,
  REGISTRY_KEY,
  registryValue,
  type WriterRecord,
  writerKey,
  writerValue,
} from '../storage-format.ts';

const directoryAttempts = 8;

/** One name under which segments are written: its record, its numbers, and how long it may still be used. */
export class Writer<D extends OutboxDocument, A> {
  readonly name: string;
  readonly numbers = new SegmentNumbers();
  /** Numbers below are reserved: read back from the store as written. */
  limit = 0;
  readonly #context: Context<D, A>;
  readonly #key: string;
  #record: WriterRecord;
  #etag = '';
  #doubtSince: number | undefined;
  #confirmed = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY };

  constructor(context: Context<D, A>, name: string) {
    this.#context = context;
    this.name = name;
    this.#key = writerKey(name);
    this.#record = { beat: 0, low: 1, limit: context.settings.reservedNumbers, left: false, extra: {} };
  }

  /** Makes the record and puts the name into the directory. Throws when the store is away; may be repeated. */
  async register(): Promise<void> {
    const sent = this.#now();
    await this.#context.store.transact([
      { op: 'insert', key: this.#key, json: JSON.stringify(writerValue(this.#record)) },
    ]);
    await this.#readBack(sent, this.#record.beat);
    await this.ensureRegistered();
  }

  /** Confirms that this writer is alive and reserves numbers. Throws when that could not be confirmed. */
  async beat(): Promise<void> {
    await this.#write(false);
  }

  /** Tells the others to adopt what is left, without waiting for the beat to age. Throws when that failed. */
  async leave(): Promise<void> {
    await this.#write(true);
  }

  /** Adds the name to the directory unless it is there. True when it was missing. Throws when the store is away. */
  async ensureRegistered(): Promise<boolean> {
    const { store } = this.#context;
    for (let attempt = 0; attempt < directoryAttempts; attempt++) {
      const stored = (await store.read([REGISTRY_KEY])).get(REGISTRY_KEY);
      if (stored === undefined) {
        const json = JSON.stringify(registryValue({ revision: 1, writers: [this.name], extra: {} }));
        await store.transact([{ op: 'insert', key: REGISTRY_KEY, json }]);
        continue;
      }
      const directory = parseRegistry(stored.value);
      if (directory.writers.includes(this.name)) return attempt > 0;
      const revision = directory.revision + 1;
      const value = registryValue({ ...directory, revision, writers: [...directory.writers, this.name] });
      await store.write([{ key: REGISTRY_KEY, value, etag: stored.etag }]);
    }
    throw new Error('could not be put into the directory of writers');
  }

  /** Too long without a confirmed beat to send, or acknowledge, anything under this name. */
  get isExpired(): boolean {
    const now = this.#now();
    const age = {
      monotonicMs: now.monotonic - this.#confirmed.monotonic,
      wallMs: now.wall - this.#confirmed.wall,
    };
    return this.#context.policies.isExpired(age, this.#context.settings);
  }

  /** A batch is given up under number `n`, and may still land. */
  markUncertain(n: number): void {
    const { policies, clock } = this.#context;
    if (policies.forgetsUncertain()) this.numbers.finish(n);
    else {
      this.numbers.markUncertain(n);
      this.#doubtSince ??= clock.monotonic();
    }
  }

  /**
   * Something may have landed here that this writer will not look at: the name is to be left, so that it is adopted like that
   * of a process that died over its transaction. Not at once, since every name is watched for a day.
   */
  get hasUncertain(): boolean {
    const { clock, settings } = this.#context;
    return this.#doubtSince !== undefined && clock.monotonic() - this.#doubtSince > settings.uncertainMs;
  }

  /** The next segment number, unless none is reserved. */
  takeNumber(): number | undefined {
    if (!this.#context.policies.mayUseNumber(this.numbers.next, this.limit)) return undefined;
    return this.numbers.next++;
  }

  /** Numbers are running out before the next beat. */
  get needsNumbers(): boolean {
    return this.limit - this.numbers.next < this.#context.settings.reservedNumbers / 2;
  }

  async #write(left: boolean): Promise<void> {
    const { store, settings } = this.#context;
    const sent = this.#now();
    const { low, next } = this.numbers;
    const limit = Math.max(this.#record.limit, next + settings.reservedNumbers);
    const record = { ...this.#record, beat: this.#record.beat + 1, low, limit, left };
    // Remembered before it is sent: every record that may ever land has its own beat, and limits only grow.
    this.#record = record;
    await store.write([{ key: this.#key, value: writerValue(record), etag: this.#etag }]);
    await this.#readBack(sent, record.beat);
  }

  /** What was sent counts only when it is read; when something else is read, only its ETag is learnt. */
  async #readBack(sent: { monotonic: number; wall: number }, beat: number): Promise<void> {
    const stored = (await this.#context.store.read([this.#key])).get(this.#key);
    if (stored === undefined) throw new Error('the record of the writer is missing');
    const record = parseWriter(stored.value);
    this.#etag = stored.etag;
    this.#record = { ...this.#record, extra: record.extra, beat: Math.max(record.beat, this.#record.beat) };
    if (record.beat !== beat) throw new Error('the beat was not confirmed');
    this.limit = record.limit;
    this.#confirmed = sent;
  }

  #now(): { monotonic: number; wall: number } {
    return { monotonic: this.#context.clock.monotonic(), wall: this.#context.clock.wall() };
  }
}
