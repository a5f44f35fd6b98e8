import type { Context } from '../context.ts';
import { markedName } from '../insertion-mark.ts';
import type { OutboxDocument, OutgoingCommand } from '../ports.ts';
import { Fifo } from '../util/fifo.ts';
import { SECOND } from '../util/time.ts';
import { MessageGroups, type MessageLoad } from './message-groups.ts';
import { type Command, POLL_MS } from './open-document.ts';
import type { ChannelOwner } from './owners.ts';
import { probeDelay, SendWindow } from './send-window.ts';

/** Maximum number of batches in one transport call each, at the same time, per channel. */
const CONCURRENT_SENDS = 2;
/**
 * Delay after the broker accepted none of a batch. It doubles up to the maximum, which every order waits for after an outage of
 * the broker. So that a short delay costs little, the probes of the broker are small batches.
 */
const SEND_BACKOFF_MS = 100;
export const SEND_BACKOFF_MAX_MS = SECOND;
/** Maximum number of commands in a batch that probes the broker. */
const BROKER_PROBE = 64;

/**
 * While a lane is silent, its channel sends a probe at least this often, varied like every probe time. The probe times of
 * the lanes grow to minutes, and the first answer must not wait for them. The cost does not depend on the number of lanes.
 */
export const CHANNEL_PROBE_MS = 7 * SECOND;

interface OutgoingEntry<D> {
  readonly command: Command<D>;
  readonly outgoing: OutgoingCommand<D>;
}

/**
 * Sends the commands of one channel, within the send windows of its lanes.
 *
 * | mode | entered by | left by |
 * |---|---|---|
 * | sending | construction; a batch of which the broker accepted a part | a batch of which it accepted nothing: waiting |
 * | waiting | such a batch; its commands return to the end of the queue, without a counted attempt | the timer: probing |
 * | probing | the timer: one small batch is sent at a time | accepted: sending; accepted nothing: waiting, twice as long, at most 1 s |
 * | stopped | `stop` | - |
 */
export class Channel<D extends OutboxDocument, A> {
  readonly name: string;
  readonly windows: readonly SendWindow<Command<D>>[];
  /** Number of commands without a slot. */
  blocked = 0;
  /** Number of commands passed to the transport so far. */
  sent = 0;
  readonly #context: Context<D, A>;
  readonly #owner: ChannelOwner<D>;
  readonly #lanes: readonly Fifo<Command<D>>[];
  readonly #groups: MessageGroups;
  readonly #queue = new Fifo<Command<D>>();
  #sending = 0;
  #backoffMs = 0;
  #probedAt = Number.NEGATIVE_INFINITY;
  #probeDelayMs = CHANNEL_PROBE_MS;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(context: Context<D, A>, name: string, owner: ChannelOwner<D>) {
    const { policies, settings, random, clock } = context;
    this.#context = context;
    this.#owner = owner;
    this.name = name;
    this.windows = Array.from({ length: settings.lanes }, () => new SendWindow(policies, settings, random));
    this.#lanes = this.windows.map(() => new Fifo());
    const { fillMs, lanes } = settings;
    this.#groups = new MessageGroups({
      clock,
      fillMs,
      lanes,
      groupOf: (lane) => (fillMs > 0 ? context.messageGroupOf(name, lane) : undefined),
      loadOf: (lane) => this.#loadOf(lane),
      release: (lane) => this.#fill(lane),
      flush: () => this.flush(),
    });
  }

  /** Number of commands that hold a slot. */
  get inFlight(): number {
    return this.windows.reduce((sum, { used }) => sum + used, 0);
  }

  /** The latest acknowledged send time of all lanes. */
  get evidence(): number {
    return this.windows.reduce((latest, { evidence }) => Math.max(latest, evidence), Number.NEGATIVE_INFINITY);
  }

  /** When the next command is probed, unless one is acknowledged before. Infinity if no command was sent. */
  get probeAt(): number {
    const ofChannel =
      this.#longestSilent() === undefined ? Number.POSITIVE_INFINITY : this.#probedAt + this.#probeDelayMs;
    return this.windows.reduce((next, { probeAt }) => Math.min(next, probeAt), ofChannel);
  }

  /** The send window of a lane. */
  window(lane: number): SendWindow<Command<D>> {
    return this.windows[lane] as SendWindow<Command<D>>;
  }

  /** Adds a blocked command. A later `flush` sends it when its window has room, and its message need not wait for others. */
  add(command: Command<D>): void {
    this.blocked++;
    this.#lane(command.entry.lane).push(command);
    this.#groups.changed(command.entry.lane);
  }

  /** Queues a command that holds a slot to be sent again. */
  sendAgain(command: Command<D>): void {
    command.state = 'queued';
    this.#queue.push(command);
  }

  /** Removes a command that is acknowledged or parked. `attempt` is the acknowledged attempt, if it is known. */
  close(command: Command<D>, state: 'acked' | 'parked', attempt?: number): void {
    const { lane } = command.entry;
    if (command.state === 'blocked') this.blocked--;
    else if (command.state !== 'parked') this.window(lane).close(command, attempt, this.#context.clock.monotonic());
    command.state = state;
    this.#groups.changed(lane);
  }

  /**
   * An attempt in this lane that was sent at `sentAt` is acknowledged. Unsends and returns the commands that are lost by this
   * evidence. If the lane was silent, the outage may be over for the other lanes too.
   */
  addEvidence(lane: number, sentAt: number, now: number): Command<D>[] {
    const window = this.window(lane);
    const wasSilent = window.isSilent;
    window.addEvidence(sentAt, now);
    if (!window.isSilent && this.#context.policies.endsSilence({ wasSilent }))
      for (const other of this.windows) other.probeSoon(now);
    return this.#count(window.takeLost());
  }

  /** Unsends and returns the commands that are lost by the evidence. */
  takeLost(now: number): Command<D>[] {
    const { evidence } = this;
    const lost: Command<D>[] = [];
    for (const window of this.windows) {
      if (window.used === 0) continue;
      if (this.#context.settings.sharedEvidence) window.addEvidence(evidence, now);
      lost.push(...window.takeLost());
    }
    return this.#count(lost);
  }

  /** Unsends and returns the commands to probe: one per lane that is due, or one of the lane that was silent for longest. */
  takeProbes(now: number): Command<D>[] {
    const probes = this.windows.flatMap((window) => window.takeProbe(now));
    const channel = { sinceProbeMs: now - this.#probedAt, delayMs: this.#probeDelayMs };
    if (probes.length === 0 && this.#context.policies.isChannelProbeDue(channel))
      probes.push(...(this.#longestSilent()?.takeProbeNow(now) ?? []));
    if (probes.length > 0) {
      this.#probedAt = now;
      this.#probeDelayMs = probeDelay(CHANNEL_PROBE_MS, this.#context.random());
    }
    return this.#count(probes);
  }

  /** Sends as many queued commands as the transport may receive now. */
  flush(): void {
    if (this.#stopped) return;
    this.#groups.releaseDue();
    while (this.#cancelRetry === undefined && this.#queue.length > 0) {
      if (this.#sending >= (this.#backoffMs > 0 ? 1 : CONCURRENT_SENDS)) return;
      const batch = this.#takeBatch();
      if (batch.length > 0) this.#send(batch);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#groups.stop();
  }

  /** Counts the unanswered attempts that are a reason to park their commands. */
  #count(commands: Command<D>[]): Command<D>[] {
    for (const command of commands) {
      const { evidence } = this.window(command.entry.lane);
      if (this.#context.policies.countsAttempt({ sentAt: command.sentAt, evidence })) command.failedAttempts++;
    }
    return commands;
  }

  /** The silent lane that was not probed for the longest time. */
  #longestSilent(): SendWindow<Command<D>> | undefined {
    let longest: SendWindow<Command<D>> | undefined;
    for (const window of this.windows) {
      if (!window.isSilent || window.probeAt === Number.POSITIVE_INFINITY) continue;
      if (longest === undefined || window.probedAt < longest.probedAt) longest = window;
    }
    return longest;
  }

  #lane(lane: number): Fifo<Command<D>> {
    return this.#lanes[lane] as Fifo<Command<D>>;
  }

  #loadOf(lane: number): MessageLoad {
    const { window } = this.#context.settings;
    const { used } = this.window(lane);
    const sendable = Math.max(0, Math.min(this.#lane(lane).length, window - used));
    return { sendable, unanswered: used, slots: window };
  }

  #fill(lane: number): void {
    const queue = this.#lane(lane);
    const window = this.window(lane);
    while (queue.length > 0 && window.hasRoom) {
      const command = queue.shift() as Command<D>;
      if (command.state !== 'blocked') continue;
      this.blocked--;
      window.reserve();
      command.state = 'queued';
      this.#queue.push(command);
    }
  }

  #takeBatch(): OutgoingEntry<D>[] {
    const batch: OutgoingEntry<D>[] = [];
    const { sendBatch } = this.#context.settings;
    const max = this.#backoffMs > 0 ? Math.min(BROKER_PROBE, sendBatch) : sendBatch;
    while (batch.length < max) {
      const command = this.#queue.shift();
      if (command === undefined) break;
      if (command.state !== 'queued') continue;
      const document = this.#owner.documentFor(command);
      if (document !== undefined) batch.push(this.#outgoing(command, document));
    }
    return batch;
  }

  #outgoing(command: Command<D>, document: D): OutgoingEntry<D> {
    const now = this.#context.clock.monotonic();
    const { entry } = command;
    const { lane } = entry;
    command.sends++;
    command.sentAt = now;
    command.state = 'inFlight';
    this.window(lane).sent(command, now);
    entry.pollMs = POLL_MS;
    entry.pollAt = now + POLL_MS;
    const token = { w: markedName(this.#owner.writer, document), a: command.sends, t: now };
    const alone = this.#context.policies.sendsAlone(command);
    return { command, outgoing: { channel: this.name, lane, token, document, alone } };
  }

  #send(batch: readonly OutgoingEntry<D>[]): void {
    this.#sending++;
    this.sent += batch.length;
    this.#context.transport.send(batch.map(({ outgoing }) => outgoing)).then(
      (accepted) => this.#onSent(batch, accepted),
      () => this.#onSent(batch, []),
    );
  }

  /** If the broker accepted a part of the batch, the rest counts as sent too; its loss is detected like any other. */
  #onSent(batch: readonly OutgoingEntry<D>[], accepted: readonly boolean[]): void {
    this.#sending--;
    if (this.#stopped) return;
    if (accepted.includes(true)) {
      this.#backoffMs = 0;
      for (const { command } of batch) this.#owner.sent(command);
      this.flush();
    } else this.#backOff(batch);
  }

  /** The broker accepted nothing: the attempt does not count, and other commands of the queue are the next probe. */
  #backOff(batch: readonly OutgoingEntry<D>[]): void {
    const { observer, clock } = this.#context;
    const again = batch.filter(({ command, outgoing }) => {
      return command.state === 'inFlight' && command.sends === outgoing.token.a;
    });
    for (const { command } of again) {
      this.window(command.entry.lane).unsend(command);
      this.sendAgain(command);
    }
    this.#backoffMs = Math.min(Math.max(2 * this.#backoffMs, SEND_BACKOFF_MS), SEND_BACKOFF_MAX_MS);
    observer.event?.('send-refused', { channel: this.name, commands: batch.length, backoffMs: this.#backoffMs });
    this.#cancelRetry ??= clock.setTimer(this.#backoffMs, () => {
      this.#cancelRetry = undefined;
      this.flush();
    });
  }
}
