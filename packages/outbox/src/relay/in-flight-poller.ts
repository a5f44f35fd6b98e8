import { type Context, reasonOf, slices } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { readDocuments, type StoredDocument } from '../recovery/segment-scan.ts';
import { Loop } from '../util/loop.ts';
import type { OpenDocument } from './channel.ts';
import type { Relay } from './relay.ts';

/**
 * Reads the documents in flight, since answers reach any replica: each one soon after it was sent, then less and less
 * often while nothing changes. What is suspected to be lost is read at once.
 *
 * Of many that are due, a sample is read first, and the rest only if that showed a change: thousands in flight whose
 * answers this process records itself, or nobody gives, are not worth a read each. `lookSureMs` is sure all the same.
 */
export class InFlightPoller<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #relay: Relay<D, A>;
  readonly #changed: (document: D) => void;
  readonly #overdue: (id: string, answer: A) => void;
  readonly #loop: Loop;

  constructor(
    context: Context<D, A>,
    relay: Relay<D, A>,
    changed: (document: D) => void,
    overdue: (id: string, answer: A) => void,
  ) {
    this.#context = context;
    this.#relay = relay;
    this.#changed = changed;
    this.#overdue = overdue;
    this.#loop = new Loop(
      context.clock,
      () => this.#run(),
      (error) => context.observer.event?.('look-failed', { reason: reasonOf(error) }),
    );
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
  }

  async #run(): Promise<number | undefined> {
    const { settings } = this.#context;
    this.#relay.detectLoss();
    for (const entries of slices([...this.#relay.urgent], settings.readBatch)) await this.#read(entries);
    for (const ids of slices([...this.#relay.stuck.retryable], settings.readBatch)) await this.#retry(ids);
    const due = this.#due();
    const sample = this.#sample(due);
    const changes = await this.#read([...sample]);
    const others = due.filter((entry) => !sample.has(entry));
    for (const entries of slices(changes > 0 ? others : this.#putOff(others), settings.readBatch))
      await this.#read(entries);
    this.#relay.flush();
    return this.#relay.entries.size > 0 ? settings.pollMs : undefined;
  }

  async #retry(ids: readonly string[]): Promise<void> {
    if (!this.#relay.hasRoom) return;
    const asOf = this.#relay.tick();
    for (const [id, seen] of await readDocuments(this.#context, ids)) {
      if (seen === 'absent' || seen === 'unreadable') this.#relay.stuck.remove(id);
      else this.#relay.retry(seen, asOf);
    }
    this.#relay.flush();
  }

  /** The oldest, and as many from anywhere: an old one that nobody ever answers must not stand for all. */
  #sample(due: readonly OpenDocument<D>[]): ReadonlySet<OpenDocument<D>> {
    const { random, settings } = this.#context;
    const half = settings.readBatch >> 1;
    const sample = new Set(due.slice(0, half));
    for (let i = half; i < Math.min(due.length, settings.readBatch); i++)
      sample.add(due[Math.floor(random() * due.length)] as OpenDocument<D>);
    return sample;
  }

  /** Looks at these later, but for those that nobody has seen for too long: they are given back. */
  #putOff(entries: readonly OpenDocument<D>[]): OpenDocument<D>[] {
    const { clock, settings } = this.#context;
    const now = clock.monotonic();
    return entries.filter((entry) => {
      if (now - entry.readAt >= settings.pollSureMs) return true;
      this.#later(entry, false, now);
      return false;
    });
  }

  #later(entry: OpenDocument<D>, changed: boolean, now: number): void {
    const { pollMs, pollMaxMs } = this.#context.settings;
    entry.pollMs = changed ? pollMs : Math.min(2 * entry.pollMs, pollMaxMs);
    entry.pollAt = now + entry.pollMs;
  }

  #due(): OpenDocument<D>[] {
    const now = this.#context.clock.monotonic();
    const due: OpenDocument<D>[] = [];
    for (const entry of this.#relay.entries.values()) {
      if (entry.pollAt > now || this.#relay.urgent.has(entry)) continue;
      if (entry.commands.some(({ state }) => state === 'flying' || state === 'suspect')) due.push(entry);
    }
    return due;
  }

  /** Says how many of them have changed. */
  async #read(due: readonly OpenDocument<D>[]): Promise<number> {
    const entries = due.filter((entry) => this.#relay.entries.get(entry.id) === entry);
    const asOf = this.#relay.tick();
    const documents = await readDocuments(
      this.#context,
      entries.map(({ id }) => id),
    );
    const now = this.#context.clock.monotonic();
    let changes = 0;
    for (const entry of entries) {
      if (this.#relay.entries.get(entry.id) !== entry) continue;
      const changed = this.#judge(entry, documents.get(entry.id), asOf);
      if (changed) changes++;
      this.#later(entry, changed, now);
    }
    this.#relay.flush();
    return changes;
  }

  #judge(entry: OpenDocument<D>, seen: StoredDocument<D> | 'absent' | 'unreadable' | undefined, asOf: number): boolean {
    if (seen === undefined || seen === 'absent' || seen === 'unreadable') {
      this.#context.observer.event?.('document-vanished', { id: entry.id });
      this.#relay.drop(entry);
      return false;
    }
    const { document } = seen;
    const changed = this.#relay.observe(seen, asOf);
    if (changed) this.#changed(document);
    const answer = this.#context.handler.onTimeout(document, this.#context.clock.wall());
    if (answer !== undefined) this.#overdue(entry.id, answer);
    return changed;
  }
}
