import type { Entry } from './channel.ts';
import { type Context, reasonOf, slices } from './context.ts';
import { Loop } from './loop.ts';
import type { Document } from './ports.ts';
import type { Relay } from './relay.ts';
import { readDocuments } from './scan.ts';

/**
 * Reads the documents in flight, since answers reach any replica: each one soon after it was sent, then less and less
 * often while nothing changes. What is suspected to be lost is read at once.
 */
export class Look<D extends Document, A> {
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
    this.#relay.tick();
    for (const entries of slices(this.#due(), settings.readBatch)) await this.#read(entries);
    this.#relay.flush();
    return this.#relay.entries.size > 0 ? settings.lookMs : undefined;
  }

  #due(): Entry<D>[] {
    const now = this.#context.clock.monotonic();
    const due = [...this.#relay.urgent];
    for (const entry of this.#relay.entries.values()) {
      if (entry.lookAt > now || this.#relay.urgent.has(entry)) continue;
      if (entry.commands.some(({ state }) => state === 'flying' || state === 'suspect')) due.push(entry);
    }
    return due;
  }

  async #read(entries: readonly Entry<D>[]): Promise<void> {
    const { clock, settings } = this.#context;
    const asOf = this.#relay.mark();
    const documents = await readDocuments(
      this.#context,
      entries.map(({ id }) => id),
    );
    const now = clock.monotonic();
    for (const entry of entries) {
      if (this.#relay.entries.get(entry.id) !== entry) continue;
      const document = documents.get(entry.id);
      const changed = this.#judge(entry, document, asOf);
      entry.lookMs = changed ? settings.lookMs : Math.min(2 * entry.lookMs, settings.lookMaxMs);
      entry.lookAt = now + entry.lookMs;
    }
    this.#relay.flush();
  }

  #judge(entry: Entry<D>, document: D | 'absent' | 'unreadable' | undefined, asOf: number): boolean {
    if (document === undefined || document === 'absent' || document === 'unreadable') {
      this.#context.observer.event?.('document-vanished', { id: entry.id });
      this.#relay.vanished(entry);
      return false;
    }
    const changed = this.#relay.observe(document, asOf);
    if (changed) this.#changed(document);
    const answer = this.#context.business.overdue(document, this.#context.clock.wall());
    if (answer !== undefined) this.#overdue(entry.id, answer);
    return changed;
  }
}
