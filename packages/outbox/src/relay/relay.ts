import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import { laneOf } from '../util/hash.ts';
import { Channel, type Command, createOpenDocument, type LoadedSegment, type OpenDocument } from './channel.ts';
import { ParkedDocuments } from './parked.ts';

/** What a relay needs of the parts around it. */
export interface RelayOwner<A> {
  readonly writer: string;
  /** No document of this segment is open any more. */
  segmentDone(segment: LoadedSegment): void;
  /** Time has answered by itself. */
  timedOut(id: string, answer: A): void;
  /** Something is to be looked at, or loaded, now. */
  poll(): void;
  load(): void;
}

/** `undefined`: not read, since it need not be. */
export type LoadedDocument<D> = StoredDocument<D> | 'absent' | 'unreadable' | undefined;

/**
 * Works on the loaded documents of one writer until their business is done. Driven by observations: whatever was read
 * or recorded is compared with what is under way. Holds what fits the windows and a bounded look-ahead, nothing else.
 */
export class Relay<D extends OutboxDocument, A> {
  readonly entries = new Map<string, OpenDocument<D>>();
  readonly segments = new Map<number, LoadedSegment>();
  readonly channels = new Map<string, Channel<D, A>>();
  /** To be read before anything else. */
  readonly urgent = new Set<OpenDocument<D>>();
  readonly stuck: ParkedDocuments;
  readonly #context: Context<D, A>;
  readonly #owner: RelayOwner<A>;
  #marks = 0;
  #stopped = false;

  constructor(context: Context<D, A>, owner: RelayOwner<A>) {
    this.#context = context;
    this.#owner = owner;
    this.stuck = new ParkedDocuments(context.clock, context.settings);
  }

  /** Commands that have no slot yet. */
  get blocked(): number {
    let sum = 0;
    for (const { blocked: waiting } of this.channels.values()) sum += waiting;
    return sum;
  }

  get hasRoom(): boolean {
    return this.blocked < this.#context.settings.lookAhead;
  }

  /** A moment to compare observations by. Take it before reading, or after a confirmed write. */
  tick(): number {
    return ++this.#marks;
  }

  /** Would this document have to be read to load its segment? */
  needsRead(n: number, id: string): boolean {
    if (this.entries.has(id) || this.stuck.isResting(id)) return false;
    return !this.segments.has(n) || this.stuck.failedAttempts(id) > 0;
  }

  /** Loads segment `n`; `found` says what is known of each of its ids, in order. */
  loadSegment(n: number, ids: readonly string[], found: readonly LoadedDocument<D>[], asOf: number): void {
    const known = this.segments.get(n);
    const segment = known ?? { n, size: ids.length, open: 0, parked: 0 };
    this.segments.set(n, segment);
    ids.forEach((id, i) => {
      const seen = found[i];
      const again = known !== undefined && this.stuck.failedAttempts(id) > 0;
      if (this.entries.has(id)) {
        this.#attach(id, segment);
        if (!this.stuck.isResting(id)) this.#unpark(id, this.stuck.failedAttempts(id));
      } else if (seen === undefined || seen === 'unreadable') segment.parked += known === undefined ? 1 : 0;
      else if (seen !== 'absent') {
        if (again && segment.parked > 0) segment.parked--;
        if (this.add(seen, asOf)) this.#attach(id, segment);
      }
    });
    if (segment.open === 0) this.#releaseSegment(segment);
  }

  /** Takes a document up unless it is done or here already. Says whether it is here now. */
  add(seen: StoredDocument<D>, asOf: number): boolean {
    const { handler, settings, clock } = this.#context;
    const { id } = seen.document;
    if (this.entries.has(id)) return true;
    const missing = handler.pendingChannels(seen.document);
    if (missing.length === 0) {
      this.stuck.remove(id);
      return false;
    }
    const entry = createOpenDocument(seen, asOf, clock.monotonic(), settings);
    this.entries.set(id, entry);
    const failedAttempts = this.stuck.failedAttempts(id);
    for (const channel of missing) this.#command(entry, channel, failedAttempts);
    if (this.entries.size === 1) this.#owner.poll();
    return true;
  }

  /** Compares a document with what is under way for it. True when that changed something. */
  observe(seen: StoredDocument<D>, asOf: number): boolean {
    const { document } = seen;
    this.#addEvidence(document);
    const entry = this.entries.get(document.id);
    if (entry === undefined || asOf < entry.observedAt) return false;
    entry.observedAt = asOf;
    entry.readAt = this.#context.clock.monotonic();
    entry.seen = seen;
    this.urgent.delete(entry);
    const changed = this.#compare(entry, document);
    if (entry.commands.length === 0) this.#remove(entry, false);
    else this.#resend(entry);
    return changed;
  }

  /** Takes a document up with fresh attempts. */
  retry(seen: StoredDocument<D>, asOf: number): void {
    const { id } = seen.document;
    this.stuck.remove(id);
    for (const command of this.entries.get(id)?.commands ?? []) command.failedAttempts = 0;
    this.#unpark(id, 0);
    this.add(seen, asOf);
  }

  /** Its document is gone, or can't be understood: nothing to be done here, and its segments stay. */
  drop(entry: OpenDocument<D>): void {
    for (const command of entry.commands) this.#channel(command.channel).close(command, 'over');
    this.#remove(entry, true);
  }

  /** Finds what is lost, and what to probe. */
  detectLoss(): void {
    const { clock, settings } = this.#context;
    const now = clock.monotonic();
    for (const channel of this.channels.values()) {
      const { evidence } = channel;
      for (const window of channel.windows) {
        if (window.used === 0) continue;
        if (settings.sharedEvidence) window.addEvidence(evidence, now);
        this.#verify(window.takeLost());
        this.#verify(window.takeProbe(now));
      }
    }
  }

  /** Sends what may be sent; to be called after every group of observations. */
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
        sent: (command: Command<D>) => this.#forgetDocument(command.entry),
      };
      channel = new Channel(this.#context, name, owner);
      this.channels.set(name, channel);
    }
    return channel;
  }

  #command(entry: OpenDocument<D>, channel: string, failedAttempts: number): void {
    const command: Command<D> = {
      entry,
      channel,
      state: 'waiting',
      failedAttempts,
      sends: 0,
      sentAt: 0,
      cause: 'first',
    };
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
      if (token.w !== this.#owner.writer) continue;
      const window = this.#channel(channel).window(laneOf(document.id, settings.lanes));
      window.addEvidence(token.t, clock.monotonic());
      this.#verify(window.takeLost());
      if (this.stuck.acknowledged(channel, token.t)) this.#owner.poll();
    }
  }

  #compare(entry: OpenDocument<D>, document: D): boolean {
    const { handler } = this.#context;
    const missing = handler.pendingChannels(document);
    const closed = entry.commands.filter(({ channel }) => !missing.includes(channel));
    const added = missing.filter((name) => !entry.commands.some(({ channel }) => channel === name));
    if (closed.length > 0) {
      const answered = handler.acknowledged(document);
      for (const command of closed) {
        const token = answered.find(({ channel }) => channel === command.channel)?.token;
        const attempt = token?.w === this.#owner.writer ? token.a : undefined;
        this.#channel(command.channel).close(command, 'over', attempt);
      }
      entry.commands = entry.commands.filter(({ state }) => state !== 'over');
      this.stuck.keepChannels(entry.id, missing);
    }
    for (const channel of added) this.#command(entry, channel, 0);
    return closed.length + added.length > 0;
  }

  /** The document was just read: what is still missing is sent again, unless it is stuck. */
  #resend(entry: OpenDocument<D>): void {
    const { policies, settings } = this.#context;
    const suspects = entry.commands.filter(({ state }) => state === 'suspect');
    for (const command of suspects) {
      const channel = this.#channel(command.channel);
      if (policies.isParked(command.failedAttempts, settings)) channel.close(command, 'stuck');
      else channel.sendAgain(command);
    }
    if (suspects.some(({ state }) => state === 'stuck')) this.#park(entry);
    if (entry.commands.every(({ state }) => state === 'stuck')) this.#remove(entry, true);
    else this.#forgetDocument(entry);
  }

  #park({ id, commands }: OpenDocument<D>): void {
    const stuck = commands.filter(({ state }) => state === 'stuck');
    const attempts = Math.max(...stuck.map(({ failedAttempts }) => failedAttempts));
    const channels = stuck.map(({ channel }) => channel);
    this.stuck.add(id, channels, attempts);
    for (const { channel, sentAt } of stuck)
      if (this.#channel(channel).evidence < sentAt) this.stuck.addUnanswered(id, channel, sentAt);
    this.#context.observer.event?.('stuck', { id, channels: channels.join(), attempts });
  }

  /** What was given up of a loaded document gets in line again. */
  #unpark(id: string, failedAttempts: number): void {
    for (const command of this.entries.get(id)?.commands ?? []) {
      if (command.state !== 'stuck') continue;
      command.state = 'waiting';
      command.failedAttempts = failedAttempts;
      this.#channel(command.channel).add(command);
    }
  }

  #remove(entry: OpenDocument<D>, park: boolean): void {
    this.entries.delete(entry.id);
    this.urgent.delete(entry);
    if (!park) this.stuck.remove(entry.id);
    for (const segment of entry.segments) {
      segment.open--;
      if (park) segment.parked++;
      if (segment.open === 0) this.#releaseSegment(segment);
    }
  }

  /** Nothing of this segment is loaded any more. */
  #releaseSegment(segment: LoadedSegment): void {
    this.segments.delete(segment.n);
    if (this.#context.policies.mayDeleteSegment({ open: segment.parked, absent: 0 })) this.#owner.segmentDone(segment);
  }

  #verify(commands: readonly Command<D>[]): void {
    for (const command of commands) {
      command.state = 'suspect';
      this.urgent.add(command.entry);
    }
    if (commands.length > 0) this.#owner.poll();
  }

  #documentFor(command: Command<D>): D | undefined {
    const { handler, clock } = this.#context;
    const { entry } = command;
    if (entry.seen === undefined) {
      this.#verify([command]);
      return undefined;
    }
    const { document } = entry.seen;
    const answer = handler.onTimeout(document, clock.wall());
    if (answer === undefined) return document;
    // Not urgent: the answer is being recorded, and its document is looked at in its turn.
    command.state = 'suspect';
    this.#owner.timedOut(entry.id, answer);
    return undefined;
  }

  #forgetDocument(entry: OpenDocument<D>): void {
    if (entry.seen?.etag !== undefined) return;
    if (!entry.commands.some(({ state }) => state === 'waiting' || state === 'queued')) entry.seen = undefined;
  }
}
