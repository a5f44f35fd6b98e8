import type { Context } from '../context.ts';
import type { OutboxDocument, OutgoingCommand } from '../ports.ts';
import type { StoredDocument } from '../recovery/segment-scan.ts';
import type { Settings } from '../settings.ts';
import { Fifo } from '../util/fifo.ts';
import { laneOf } from '../util/hash.ts';
import { SendWindow, type SentCommand } from './send-window.ts';

/**
 * waiting: for a slot of its window. queued: has a slot, waits to be sent. flying: sent.
 * suspect: has a slot, its document is to be read first. stuck: given up for now. over: answered.
 */
type CommandState = 'waiting' | 'queued' | 'flying' | 'suspect' | 'stuck' | 'over';

export interface Command<D> extends SentCommand {
  readonly entry: OpenDocument<D>;
  readonly channel: string;
  state: CommandState;
  /** Attempts that count towards stuck. */
  failedAttempts: number;
}

/** A segment that has loaded documents. */
export interface LoadedSegment {
  readonly n: number;
  readonly size: number;
  /** Loaded documents. */
  open: number;
  /** Documents that are open but not loaded, or not understood: the segment has to stay. */
  parked: number;
}

/** A document with unfinished business, as long as somebody here works on it. */
export interface OpenDocument<D> {
  readonly id: string;
  readonly lane: number;
  readonly segments: LoadedSegment[];
  commands: Command<D>[];
  /** At hand while a command waits to be sent, and as long as it spares a read when answers come. */
  seen: StoredDocument<D> | undefined;
  /** Mark of the newest observation. */
  observedAt: number;
  /** When it is looked at next, and how long after that at the soonest. */
  pollAt: number;
  /** When its document was last read, or written. */
  readAt: number;
  pollMs: number;
}

export const createOpenDocument = <D extends OutboxDocument>(
  seen: StoredDocument<D>,
  observedAt: number,
  now: number,
  { lanes, pollMs }: Settings,
): OpenDocument<D> => ({
  id: seen.document.id,
  lane: laneOf(seen.document.id, lanes),
  segments: [],
  commands: [],
  seen,
  observedAt,
  readAt: now,
  pollAt: now + pollMs,
  pollMs,
});

/** What a channel asks of the relay. */
export interface ChannelOwner<D> {
  readonly writer: string;
  /** The document to send, or undefined when the command is not to be sent now. */
  documentFor(command: Command<D>): D | undefined;
  /** A command was taken by the broker. */
  sent(command: Command<D>): void;
}

/** Sends the commands of one channel, within the windows of its lanes. */
export class Channel<D extends OutboxDocument, A> {
  readonly name: string;
  readonly windows: readonly SendWindow<Command<D>>[];
  /** Commands without a slot. */
  blocked = 0;
  /** Commands handed to the transport so far. */
  sent = 0;
  readonly #context: Context<D, A>;
  readonly #owner: ChannelOwner<D>;
  readonly #lanes: readonly Fifo<Command<D>>[];
  readonly #queue = new Fifo<Command<D>>();
  #sending = 0;
  #backoffMs = 0;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(context: Context<D, A>, name: string, owner: ChannelOwner<D>) {
    const { policies, settings, random } = context;
    this.#context = context;
    this.#owner = owner;
    this.name = name;
    this.windows = Array.from({ length: settings.lanes }, () => new SendWindow(policies, settings, random));
    this.#lanes = this.windows.map(() => new Fifo());
  }

  get inFlight(): number {
    return this.windows.reduce((sum, { used }) => sum + used, 0);
  }

  /** The latest sending that was answered, in whatever lane. */
  get evidence(): number {
    return this.windows.reduce((latest, { evidence }) => Math.max(latest, evidence), Number.NEGATIVE_INFINITY);
  }

  window(lane: number): SendWindow<Command<D>> {
    return this.windows[lane] as SendWindow<Command<D>>;
  }

  /** A new command. It is sent by a later `flush`, when its window has room. */
  add(command: Command<D>): void {
    this.blocked++;
    this.#lane(command.entry.lane).push(command);
    this.#fill(command.entry.lane);
  }

  /** Sends a command again that has a slot. */
  sendAgain(command: Command<D>): void {
    command.state = 'queued';
    this.#queue.push(command);
  }

  /** The command is answered, or given up; `attempt` is the one that was answered, if that is known. */
  close(command: Command<D>, state: 'over' | 'stuck', attempt?: number): void {
    const { lane } = command.entry;
    if (command.state === 'waiting') this.blocked--;
    else if (command.state !== 'stuck') this.window(lane).close(command, attempt, this.#context.clock.monotonic());
    command.state = state;
    this.#fill(lane);
  }

  /** Sends what may be sent now. */
  flush(): void {
    while (!this.#stopped && this.#cancelRetry === undefined && this.#queue.length > 0) {
      if (this.#sending >= (this.#backoffMs > 0 ? 1 : this.#context.settings.sendsUnderWay)) return;
      const batch = this.#takeBatch();
      if (batch.length > 0) this.#send(batch);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
  }

  #lane(lane: number): Fifo<Command<D>> {
    return this.#lanes[lane] as Fifo<Command<D>>;
  }

  #fill(lane: number): void {
    const queue = this.#lane(lane);
    const window = this.window(lane);
    while (queue.length > 0 && window.hasRoom) {
      const command = queue.shift() as Command<D>;
      if (command.state !== 'waiting') continue;
      this.blocked--;
      window.reserve();
      command.state = 'queued';
      this.#queue.push(command);
    }
  }

  #takeBatch(): OutgoingEntry<D>[] {
    const batch: OutgoingEntry<D>[] = [];
    while (batch.length < this.#context.settings.sendBatch) {
      const command = this.#queue.shift();
      if (command === undefined) break;
      if (command.state !== 'queued') continue;
      const document = this.#owner.documentFor(command);
      if (document !== undefined) batch.push(this.#outbound(command, document));
    }
    return batch;
  }

  #outbound(command: Command<D>, document: D): OutgoingEntry<D> {
    const now = this.#context.clock.monotonic();
    const { lane } = command.entry;
    command.sends++;
    command.failedAttempts++;
    command.sentAt = now;
    command.state = 'flying';
    this.window(lane).sent(command, now);
    const token = { w: this.#owner.writer, a: command.sends, t: now };
    return { command, outgoing: { channel: this.name, lane, token, document } };
  }

  #send(batch: readonly OutgoingEntry<D>[]): void {
    this.#sending++;
    this.sent += batch.length;
    this.#context.transport.send(batch.map(({ outgoing }) => outgoing)).then(
      (taken) => this.#sent(batch, taken),
      () => this.#sent(batch, []),
    );
  }

  /** Refused entries of a batch that was taken in part count as sent: loss is found as any other. */
  #sent(batch: readonly OutgoingEntry<D>[], taken: readonly boolean[]): void {
    this.#sending--;
    if (this.#stopped) return;
    if (taken.includes(true)) {
      this.#backoffMs = 0;
      for (const { command } of batch) this.#owner.sent(command);
      this.flush();
    } else this.#backOff(batch);
  }

  /** The broker took nothing: no attempt was made, and the first batch of the queue is the probe. */
  #backOff(batch: readonly OutgoingEntry<D>[]): void {
    const { settings, observer, clock } = this.#context;
    const again = batch.filter(({ command, outgoing }) => {
      return command.state === 'flying' && command.sends === outgoing.token.a;
    });
    for (const { command } of again) {
      this.window(command.entry.lane).unsend(command);
      command.failedAttempts--;
      command.state = 'queued';
    }
    this.#queue.putBack(again.map(({ command }) => command));
    this.#backoffMs = Math.min(Math.max(2 * this.#backoffMs, settings.sendBackoffMs), settings.sendBackoffMaxMs);
    observer.event?.('send-refused', { channel: this.name, commands: batch.length, backoffMs: this.#backoffMs });
    this.#cancelRetry ??= clock.setTimer(this.#backoffMs, () => {
      this.#cancelRetry = undefined;
      this.flush();
    });
  }
}

interface OutgoingEntry<D> {
  readonly command: Command<D>;
  readonly outgoing: OutgoingCommand<D>;
}
