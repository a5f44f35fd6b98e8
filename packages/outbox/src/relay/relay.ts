import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';
import type { Seen } from '../recovery/segment-scan.ts';
import { laneOf } from '../util/hash.ts';
import { Channel, type Command, createEntry, type Entry, type LoadedSegment } from './channel.ts';
import { Stuck } from './parked.ts';

/** What a relay needs of the parts around it. */
export interface RelayOwner<A> {
  readonly writer: string;
  /** No document of this segment is open any more. */
  finished(segment: LoadedSegment): void;
  /** Time has answered by itself. */
  overdue(id: string, answer: A): void;
  /** Something is to be looked at, or loaded, now. */
  look(): void;
  load(): void;
}

/** `undefined`: not read, since it need not be. */
export type Found<D> = Seen<D> | 'absent' | 'unreadable' | undefined;

/**
 * Works on the loaded documents of one writer until their business is done. Driven by observations: whatever was read
 * or recorded is compared with what is under way. Holds what fits the windows and a bounded look-ahead, nothing else.
 */
export class Relay<D extends OutboxDocument, A> {
  readonly entries = new Map<string, Entry<D>>();
  readonly segments = new Map<number, LoadedSegment>();
  readonly channels = new Map<string, Channel<D, A>>();
  /** To be read before anything else. */
  readonly urgent = new Set<Entry<D>>();
  readonly stuck: Stuck;
  readonly #context: Context<D, A>;
  readonly #owner: RelayOwner<A>;
  #marks = 0;
  #stopped = false;

  constructor(context: Context<D, A>, owner: RelayOwner<A>) {
    this.#context = context;
    this.#owner = owner;
    this.stuck = new Stuck(context.clock, context.settings);
  }

  /** Commands that have no slot yet. */
  get waiting(): number {
    let sum = 0;
    for (const { waiting } of this.channels.values()) sum += waiting;
    return sum;
  }

  get hasRoom(): boolean {
    return this.waiting < this.#context.settings.lookAhead;
  }

  /** A moment to compare observations by. Take it before reading, or after a confirmed write. */
  mark(): number {
    return ++this.#marks;
  }

  /** Would this document have to be read to load its segment? */
  mustRead(n: number, id: string): boolean {
    if (this.entries.has(id) || this.stuck.rests(id)) return false;
    return !this.segments.has(n) || this.stuck.strikes(id) > 0;
  }

  /** Loads segment `n`; `found` says what is known of each of its ids, in order. */
  loadSegment(n: number, ids: readonly string[], found: readonly Found<D>[], asOf: number): void {
    const known = this.segments.get(n);
    const segment = known ?? { n, size: ids.length, open: 0, parked: 0 };
    this.segments.set(n, segment);
    ids.forEach((id, i) => {
      const seen = found[i];
      const again = known !== undefined && this.stuck.strikes(id) > 0;
      if (this.entries.has(id)) {
        this.#attach(id, segment);
        if (!this.stuck.rests(id)) this.#unstick(id, this.stuck.strikes(id));
      } else if (seen === undefined || seen === 'unreadable') segment.parked += known === undefined ? 1 : 0;
      else if (seen !== 'absent') {
        if (again && segment.parked > 0) segment.parked--;
        if (this.add(seen, asOf)) this.#attach(id, segment);
      }
    });
    if (segment.open === 0) this.#settle(segment);
  }

  /** Takes a document up unless it is done or here already. Says whether it is here now. */
  add(seen: Seen<D>, asOf: number): boolean {
    const { handler, settings, clock } = this.#context;
    const { id } = seen.document;
    if (this.entries.has(id)) return true;
    const missing = handler.pendingChannels(seen.document);
    if (missing.length === 0) {
      this.stuck.forget(id);
      return false;
    }
    const entry = createEntry(seen, asOf, clock.monotonic(), settings);
    this.entries.set(id, entry);
    const strikes = this.stuck.strikes(id);
    for (const channel of missing) this.#command(entry, channel, strikes);
    if (this.entries.size === 1) this.#owner.look();
    return true;
  }

  /** Compares a document with what is under way for it. True when that changed something. */
  observe(seen: Seen<D>, asOf: number): boolean {
    const { document } = seen;
    this.#learn(document);
    const entry = this.entries.get(document.id);
    if (entry === undefined || asOf < entry.asOf) return false;
    entry.asOf = asOf;
    entry.seenAt = this.#context.clock.monotonic();
    entry.seen = seen;
    this.urgent.delete(entry);
    const changed = this.#compare(entry, document);
    if (entry.commands.length === 0) this.#remove(entry, false);
    else this.#resend(entry);
    return changed;
  }

  /** Takes a document up with fresh attempts. */
  retry(seen: Seen<D>, asOf: number): void {
    const { id } = seen.document;
    this.stuck.forget(id);
    for (const command of this.entries.get(id)?.commands ?? []) command.strikes = 0;
    this.#unstick(id, 0);
    this.add(seen, asOf);
  }

  /** Its document is gone, or can't be understood: nothing to be done here, and its segments stay. */
  vanished(entry: Entry<D>): void {
    for (const command of entry.commands) this.#channel(command.channel).close(command, 'over');
    this.#remove(entry, true);
  }

  /** Finds what is lost, and what to probe. */
  tick(): void {
    const { clock, settings } = this.#context;
    const now = clock.monotonic();
    for (const channel of this.channels.values()) {
      const { evidence } = channel;
      for (const window of channel.windows) {
        if (window.used === 0) continue;
        if (settings.sharedEvidence) window.learn(evidence, now);
        this.#suspect(window.takeLost());
        this.#suspect(window.takeProbe(now));
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
        sent: (command: Command<D>) => this.#release(command.entry),
      };
      channel = new Channel(this.#context, name, owner);
      this.channels.set(name, channel);
    }
    return channel;
  }

  #command(entry: Entry<D>, channel: string, strikes: number): void {
    const command: Command<D> = { entry, channel, state: 'waiting', strikes, sends: 0, sentAt: 0, cause: 'first' };
    entry.commands.push(command);
    this.#channel(channel).add(command);
  }

  #attach(id: string, segment: LoadedSegment): void {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.segments.includes(segment)) return;
    entry.segments.push(segment);
    segment.open++;
  }

  #learn(document: D): void {
    const { handler, clock, settings } = this.#context;
    for (const { channel, token } of handler.acknowledged(document)) {
      if (token.w !== this.#owner.writer) continue;
      const window = this.#channel(channel).window(laneOf(document.id, settings.lanes));
      window.learn(token.t, clock.monotonic());
      this.#suspect(window.takeLost());
      if (this.stuck.answered(channel, token.t)) this.#owner.look();
    }
  }

  #compare(entry: Entry<D>, document: D): boolean {
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
      this.stuck.keep(entry.id, missing);
    }
    for (const channel of added) this.#command(entry, channel, 0);
    return closed.length + added.length > 0;
  }

  /** The document was just read: what is still missing is sent again, unless it is stuck. */
  #resend(entry: Entry<D>): void {
    const { policies, settings } = this.#context;
    const suspects = entry.commands.filter(({ state }) => state === 'suspect');
    for (const command of suspects) {
      const channel = this.#channel(command.channel);
      if (policies.isStuck(command.strikes, settings)) channel.close(command, 'stuck');
      else channel.sendAgain(command);
    }
    if (suspects.some(({ state }) => state === 'stuck')) this.#giveUp(entry);
    if (entry.commands.every(({ state }) => state === 'stuck')) this.#remove(entry, true);
    else this.#release(entry);
  }

  #giveUp({ id, commands }: Entry<D>): void {
    const stuck = commands.filter(({ state }) => state === 'stuck');
    const attempts = Math.max(...stuck.map(({ strikes }) => strikes));
    const channels = stuck.map(({ channel }) => channel);
    this.stuck.add(id, channels, attempts);
    for (const { channel, sentAt } of stuck)
      if (this.#channel(channel).evidence < sentAt) this.stuck.inSilence(id, channel, sentAt);
    this.#context.observer.event?.('stuck', { id, channels: channels.join(), attempts });
  }

  /** What was given up of a loaded document gets in line again. */
  #unstick(id: string, strikes: number): void {
    for (const command of this.entries.get(id)?.commands ?? []) {
      if (command.state !== 'stuck') continue;
      command.state = 'waiting';
      command.strikes = strikes;
      this.#channel(command.channel).add(command);
    }
  }

  #remove(entry: Entry<D>, park: boolean): void {
    this.entries.delete(entry.id);
    this.urgent.delete(entry);
    if (!park) this.stuck.forget(entry.id);
    for (const segment of entry.segments) {
      segment.open--;
      if (park) segment.parked++;
      if (segment.open === 0) this.#settle(segment);
    }
  }

  /** Nothing of this segment is loaded any more. */
  #settle(segment: LoadedSegment): void {
    this.segments.delete(segment.n);
    if (this.#context.policies.mayDelete({ open: segment.parked, absent: 0 })) this.#owner.finished(segment);
  }

  #suspect(commands: readonly Command<D>[]): void {
    for (const command of commands) {
      command.state = 'suspect';
      this.urgent.add(command.entry);
    }
    if (commands.length > 0) this.#owner.look();
  }

  #documentFor(command: Command<D>): D | undefined {
    const { handler, clock } = this.#context;
    const { entry } = command;
    if (entry.seen === undefined) {
      this.#suspect([command]);
      return undefined;
    }
    const { document } = entry.seen;
    const answer = handler.onTimeout(document, clock.wall());
    if (answer === undefined) return document;
    // Not urgent: the answer is being recorded, and its document is looked at in its turn.
    command.state = 'suspect';
    this.#owner.overdue(entry.id, answer);
    return undefined;
  }

  #release(entry: Entry<D>): void {
    if (entry.seen?.etag !== undefined) return;
    if (!entry.commands.some(({ state }) => state === 'waiting' || state === 'queued')) entry.seen = undefined;
  }
}
