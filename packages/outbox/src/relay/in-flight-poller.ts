import { type Context, createLoop } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import { readDocuments, type StoredDocument } from '../stored-documents.ts';
import type { Loop } from '../util/loop.ts';
import { slices } from '../util/slices.ts';
import { SECOND } from '../util/time.ts';
import { type OpenDocument, POLL_MS } from './open-document.ts';
import type { InFlightPollerOwner } from './owners.ts';
import type { Relay } from './relay.ts';

/** Maximum time between two polls of a document. */
export const POLL_MAX_MS = 5 * SECOND;
/** Every document in flight is read at least this often, give or take one poll, even if samples show no change. */
const POLL_SURE_MS = 15 * SECOND;

/**
 * Reads the documents in flight, because replies reach any replica. Each document is read soon after its command was sent,
 * and then less often while nothing changes. A document with a command that may be lost is read immediately.
 *
 * When many documents are due, a sample is read first, and the others only if the sample shows a change. Thousands of
 * documents in flight are not worth a read each if this process records their replies itself, or if no reply arrives.
 */
export class InFlightPoller<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #relay: Relay<D, A>;
  readonly #owner: InFlightPollerOwner<D, A>;
  readonly #loop: Loop;

  constructor(context: Context<D, A>, relay: Relay<D, A>, owner: InFlightPollerOwner<D, A>) {
    this.#context = context;
    this.#relay = relay;
    this.#owner = owner;
    this.#loop = createLoop(context, 'poll-failed', () => this.#run());
  }

  wake(): void {
    this.#loop.wake();
  }

  stop(): void {
    this.#loop.stop();
  }

  async #run(): Promise<number | undefined> {
    const { readBatch } = this.#context.settings;
    this.#relay.detectLoss();
    for (const entries of slices([...this.#relay.urgent], readBatch)) await this.#read(entries);
    for (const ids of slices(this.#relay.parked.due(), readBatch)) await this.#retryParked(ids);
    const due = this.#due();
    const sample = this.#sample(due);
    const changes = await this.#read([...sample]);
    const others = due.filter((entry) => !sample.has(entry));
    for (const entries of slices(changes > 0 ? others : this.#postpone(others), readBatch)) await this.#read(entries);
    this.#relay.flush();
    return this.#relay.entries.size > 0 ? POLL_MS : this.#relay.parked.retryInMs;
  }

  async #retryParked(ids: readonly string[]): Promise<void> {
    if (!this.#relay.hasRoom) return;
    const observedAt = this.#relay.tick();
    for (const [id, stored] of await readDocuments(this.#context, ids)) {
      if (stored === 'absent' || stored === 'unreadable') this.#relay.parked.remove(id);
      else this.#relay.retryParked(stored, observedAt);
    }
    this.#relay.flush();
  }

  /** The oldest, and as many random ones: an old document without any reply must not represent all others. */
  #sample(due: readonly OpenDocument<D>[]): ReadonlySet<OpenDocument<D>> {
    const { random, settings } = this.#context;
    const half = settings.readBatch >> 1;
    const sample = new Set(due.slice(0, half));
    for (let i = half; i < Math.min(due.length, settings.readBatch); i++)
      sample.add(due[Math.floor(random() * due.length)] as OpenDocument<D>);
    return sample;
  }

  /** Schedules the next poll of these documents, and returns those that must be read now nevertheless. */
  #postpone(entries: readonly OpenDocument<D>[]): OpenDocument<D>[] {
    const now = this.#context.clock.monotonic();
    return entries.filter((entry) => {
      if (now - entry.readAt >= POLL_SURE_MS) return true;
      this.#schedule(entry, false, now);
      return false;
    });
  }

  #schedule(entry: OpenDocument<D>, changed: boolean, now: number): void {
    entry.pollMs = changed ? POLL_MS : Math.min(2 * entry.pollMs, POLL_MAX_MS);
    entry.pollAt = now + entry.pollMs;
  }

  #due(): OpenDocument<D>[] {
    const now = this.#context.clock.monotonic();
    const due: OpenDocument<D>[] = [];
    for (const entry of this.#relay.entries.values()) {
      if (entry.pollAt > now || this.#relay.urgent.has(entry)) continue;
      if (entry.commands.some(({ state }) => state === 'inFlight' || state === 'verifying')) due.push(entry);
    }
    return due;
  }

  /** Reads documents and returns how many of them have changed. */
  async #read(due: readonly OpenDocument<D>[]): Promise<number> {
    const entries = due.filter((entry) => this.#relay.entries.get(entry.id) === entry);
    const observedAt = this.#relay.tick();
    const documents = await readDocuments(
      this.#context,
      entries.map(({ id }) => id),
    );
    const now = this.#context.clock.monotonic();
    let changes = 0;
    for (const entry of entries) {
      if (this.#relay.entries.get(entry.id) !== entry) continue;
      const changed = this.#observe(entry, documents.get(entry.id), observedAt);
      if (changed) changes++;
      this.#schedule(entry, changed, now);
    }
    this.#relay.flush();
    return changes;
  }

  #observe(
    entry: OpenDocument<D>,
    stored: StoredDocument<D> | 'absent' | 'unreadable' | undefined,
    observedAt: number,
  ): boolean {
    if (stored === undefined || stored === 'absent' || stored === 'unreadable') {
      this.#context.observer.event?.('document-missing', { id: entry.id });
      this.#relay.drop(entry);
      return false;
    }
    const { document } = stored;
    const changed = this.#relay.observe(stored, observedAt);
    if (changed) this.#owner.changed(document);
    const reply = this.#context.handler.onTimeout(document, this.#context.clock.wall());
    if (reply !== undefined) this.#owner.timedOut(entry.id, reply);
    return changed;
  }
}
