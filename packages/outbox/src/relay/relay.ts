import type { Context } from '../context.ts';
import { parseName } from '../insertion-mark.ts';
import type { OutboxDocument } from '../ports.ts';
import type { StoredDocument } from '../stored-documents.ts';
import { laneOf } from '../util/hash.ts';
import { Channel } from './channel.ts';
import {
  type Command,
  createCommand,
  createOpenDocument,
  type LoadedDocument,
  type LoadedSegment,
  type OpenDocument,
} from './open-document.ts';
import type { RelayOwner } from './owners.ts';
import { PARK_AFTER_ATTEMPTS, ParkedDocuments } from './parked.ts';

/**
 * Processes the loaded documents of one writer until they are complete. It is level-triggered: every document that is
 * read or written is compared with its commands. It holds what fits the windows and a limited look-ahead.
 */
export class Relay<D extends OutboxDocument, A> {
  readonly entries = new Map<string, OpenDocument<D>>();
  readonly segments = new Map<number, LoadedSegment>();
  readonly channels = new Map<string, Channel<D, A>>();
  /** Documents to read before all others. */
  readonly urgent = new Set<OpenDocument<D>>();
  readonly parked: ParkedDocuments;
  readonly #context: Context<D, A>;
  readonly #owner: RelayOwner<A>;
  #ticks = 0;
  #stopped = false;

  constructor(context: Context<D, A>, owner: RelayOwner<A>) {
    this.#context = context;
    this.#owner = owner;
    this.parked = new ParkedDocuments(context.clock, context.settings, context.policies);
  }

  /** Number of commands that wait for a slot. */
  get blocked(): number {
    let sum = 0;
    for (const { blocked } of this.channels.values()) sum += blocked;
    return sum;
  }

  /** Whether more documents may be loaded. */
  get hasRoom(): boolean {
    return this.blocked < this.#context.settings.lookAhead;
  }

  /** A logical time that orders observations. Take it before a read, or after a confirmed write. */
  tick(): number {
    return ++this.#ticks;
  }

  /** Whether this document has to be read to load segment `n`. */
  needsRead(n: number, id: string): boolean {
    if (this.entries.has(id) || this.parked.isResting(id)) return false;
    return !this.segments.has(n) || this.parked.failedAttempts(id) > 0;
  }

  /** Loads segment `n`. `found` has an entry for each of `ids`, in order. */
  loadSegment(n: number, ids: readonly string[], found: readonly LoadedDocument<D>[], observedAt: number): void {
    const known = this.segments.get(n);
    const segment = known ?? { n, size: ids.length, open: 0, parked: 0 };
    this.segments.set(n, segment);
    ids.forEach((id, i) => {
      const stored = found[i];
      const again = known !== undefined && this.parked.failedAttempts(id) > 0;
      if (this.entries.has(id)) {
        this.#attach(id, segment);
        if (!this.parked.isResting(id)) this.#unpark(id, this.parked.failedAttempts(id));
      } else if (stored === undefined || stored === 'unreadable') segment.parked += known === undefined ? 1 : 0;
      else if (stored !== 'absent') {
        if (again && segment.parked > 0) segment.parked--;
        if (this.add(stored, observedAt)) this.#attach(id, segment);
      }
    });
    if (segment.open === 0) this.#unloadSegment(segment);
  }

  /** Adds a document unless it is complete or loaded. Returns whether it is loaded now. */
  add(stored: StoredDocument<D>, observedAt: number): boolean {
    const { handler, settings, clock } = this.#context;
    const { id } = stored.document;
    if (this.entries.has(id)) return true;
    const pending = handler.pendingChannels(stored.document);
    if (pending.length === 0) {
      this.parked.remove(id);
      return false;
    }
    const entry = createOpenDocument(stored, observedAt, clock.monotonic(), settings.lanes);
    this.entries.set(id, entry);
    const failedAttempts = this.parked.failedAttempts(id);
    for (const channel of pending) this.#addCommand(entry, channel, failedAttempts);
    if (this.entries.size === 1) this.#owner.poll();
    return true;
  }

  /** Compares a document with its commands. Returns whether that changed a command. */
  observe(stored: StoredDocument<D>, observedAt: number): boolean {
    const { document } = stored;
    this.#addEvidence(document);
    const entry = this.entries.get(document.id);
    if (entry === undefined || observedAt < entry.observedAt) return false;
    entry.observedAt = observedAt;
    entry.readAt = this.#context.clock.monotonic();
    // A write of this process, too, shows the document as a poll would.
    entry.pollAt = entry.readAt + entry.pollMs;
    entry.stored = stored;
    this.urgent.delete(entry);
    const changed = this.#compare(entry, document);
    if (entry.commands.length === 0) this.#remove(entry, false);
    else this.#sendAgainOrPark(entry);
    return changed;
  }

  /** Adds a document with a fresh count of attempts. */
  retry(stored: StoredDocument<D>, observedAt: number): void {
    const { id } = stored.document;
    this.parked.remove(id);
    for (const command of this.entries.get(id)?.commands ?? []) command.failedAttempts = 0;
    this.#unpark(id, 0);
    this.add(stored, observedAt);
  }

  /** Gives a parked document one attempt. */
  retryParked(stored: StoredDocument<D>, observedAt: number): void {
    const { id } = stored.document;
    this.parked.retried(id);
    this.#unpark(id, this.parked.failedAttempts(id));
    this.add(stored, observedAt);
  }

  /** Removes a document that is missing or unreadable. Its segments stay. */
  drop(entry: OpenDocument<D>): void {
    for (const command of entry.commands) this.#channel(command.channel).close(command, 'acked');
    this.#remove(entry, true);
  }

  /** Finds lost commands and commands to probe, and has their documents read. */
  detectLoss(): void {
    const now = this.#context.clock.monotonic();
    for (const channel of this.channels.values()) {
      this.#verify(channel.takeLost(now));
      this.#verify(channel.takeProbes(now));
    }
  }

  /** Sends queued commands on all channels. To be called after every group of observations. */
  flush(): void {
    if (this.#stopped) return;
    for (const channel of this.channels.values()) channel.flush();
    this.#owner.load();
  }

  stop(): void {
    this.#stopped = true;
    for (const channel of this.channels.values()) channel.stop();
  }

  #channel(name: string): Channel<D, A> {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      const owner = {
        writer: this.#owner.writer,
        documentFor: (command: Command<D>) => this.#documentFor(command),
        sent: (command: Command<D>) => this.#releaseDocument(command.entry),
      };
      channel = new Channel(this.#context, name, owner);
      this.channels.set(name, channel);
    }
    return channel;
  }

  #addCommand(entry: OpenDocument<D>, channel: string, failedAttempts: number): void {
    const command = createCommand(entry, channel, failedAttempts);
    entry.commands.push(command);
    this.#channel(channel).add(command);
  }

  #attach(id: string, segment: LoadedSegment): void {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.segments.includes(segment)) return;
    entry.segments.push(segment);
    segment.open++;
  }

  #addEvidence(document: D): void {
    const { handler, clock, settings } = this.#context;
    for (const { channel, token } of handler.acknowledged(document)) {
      if (parseName(token).writer !== this.#owner.writer) continue;
      const lane = laneOf(document.id, settings.lanes);
      this.#verify(this.#channel(channel).addEvidence(lane, token.t, clock.monotonic()));
    }
  }

  #compare(entry: OpenDocument<D>, document: D): boolean {
    const { handler } = this.#context;
    const pending = handler.pendingChannels(document);
    const closed = entry.commands.filter(({ channel }) => !pending.includes(channel));
    const added = pending.filter((name) => !entry.commands.some(({ channel }) => channel === name));
    if (closed.length > 0) {
      const acknowledged = handler.acknowledged(document);
      for (const command of closed) {
        const token = acknowledged.find(({ channel }) => channel === command.channel)?.token;
        const attempt = token && parseName(token).writer === this.#owner.writer ? token.a : undefined;
        this.#channel(command.channel).close(command, 'acked', attempt);
        if (token !== undefined) this.parked.acknowledged(entry.id, command.channel);
      }
      entry.commands = entry.commands.filter(({ state }) => state !== 'acked');
      this.parked.keepChannels(entry.id, pending);
    }
    for (const channel of added) this.#addCommand(entry, channel, 0);
    return closed.length + added.length > 0;
  }

  /** The document was just read: commands that are still pending are sent again, or parked after too many attempts. */
  #sendAgainOrPark(entry: OpenDocument<D>): void {
    const verifying = entry.commands.filter(({ state }) => state === 'verifying');
    for (const command of verifying) {
      const channel = this.#channel(command.channel);
      if (command.failedAttempts >= PARK_AFTER_ATTEMPTS) channel.close(command, 'parked');
      else channel.sendAgain(command);
    }
    if (verifying.some(({ state }) => state === 'parked')) this.#park(entry);
    if (entry.commands.every(({ state }) => state === 'parked')) this.#remove(entry, true);
    else this.#releaseDocument(entry);
  }

  #park(entry: OpenDocument<D>): void {
    const { id, commands } = entry;
    const parked = commands.filter(({ state }) => state === 'parked');
    const attempts = Math.max(...parked.map(({ failedAttempts }) => failedAttempts));
    const channels = parked.map(({ channel }) => channel);
    this.parked.add(entry, channels, attempts);
    this.#context.observer.event?.('parked', { writer: this.#owner.writer, id, channels: channels.join(), attempts });
  }

  /** Queues the parked commands of a loaded document again. */
  #unpark(id: string, failedAttempts: number): void {
    for (const command of this.entries.get(id)?.commands ?? []) {
      if (command.state !== 'parked') continue;
      command.state = 'blocked';
      command.failedAttempts = failedAttempts;
      this.#channel(command.channel).add(command);
    }
  }

  #remove(entry: OpenDocument<D>, park: boolean): void {
    this.entries.delete(entry.id);
    this.urgent.delete(entry);
    if (!park) this.parked.remove(entry.id);
    for (const segment of entry.segments) {
      segment.open--;
      if (park) segment.parked++;
      if (segment.open === 0) this.#unloadSegment(segment);
    }
  }

  /** No document of this segment is loaded any more. */
  #unloadSegment(segment: LoadedSegment): void {
    this.segments.delete(segment.n);
    if (this.#context.policies.mayDeleteSegment({ open: segment.parked, absent: 0 })) this.#owner.segmentDone(segment);
  }

  #verify(commands: readonly Command<D>[]): void {
    for (const command of commands) {
      command.state = 'verifying';
      this.urgent.add(command.entry);
    }
    if (commands.length > 0) this.#owner.poll();
  }

  #documentFor(command: Command<D>): D | undefined {
    const { handler, clock } = this.#context;
    const { entry } = command;
    if (entry.stored === undefined) {
      this.#verify([command]);
      return undefined;
    }
    const { document } = entry.stored;
    const reply = handler.onTimeout(document, clock.wall());
    if (reply === undefined) return document;
    // Not urgent: the reply is being recorded, and the document is polled in its turn.
    command.state = 'verifying';
    this.#owner.timedOut(entry.id, reply);
    return undefined;
  }

  /** Frees the memory of a document, unless a command waits to be sent or its known ETag can save a read. */
  #releaseDocument(entry: OpenDocument<D>): void {
    if (entry.stored?.etag !== undefined) return;
    if (!entry.commands.some(({ state }) => state === 'blocked' || state === 'queued')) entry.stored = undefined;
  }
}
