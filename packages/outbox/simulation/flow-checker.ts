import type { OutgoingCommand, Stored, Token } from '../src/ports.ts';
import type { InvariantChecker } from './invariant-checker.ts';
import { type Order, orderHandler } from './order-handler.ts';
import type { Process } from './process.ts';
import type { Simulator } from './simulator.ts';

/** The limits of invariant 5, as they were configured. */
export interface FlowLimits {
  readonly window: number;
  /** The shortest probe time, in milliseconds. */
  readonly probe: number;
  /** Whether an acknowledgement in one lane is evidence for the other lanes of its channel. */
  readonly sharedEvidence: boolean;
}

interface SentOnce {
  readonly channel: string;
  readonly nonce: string;
  /** The command has left the window. */
  parked: boolean;
}

/** The commands of one writer on one channel in one lane. */
interface LaneState {
  readonly sent: Map<string, SentOnce>;
  /** Nonces of orders whose acknowledgement the process has read. */
  readonly acknowledged: Set<string>;
  /** When the process last read a new acknowledgement. */
  evidenceAt: number;
  probedAt: number;
}

/** The shortest distance of two probes: the probe time less its jitter of 20 % and the difference of clock rates. */
const EARLIEST = 0.8 * 0.97;

/** The writer that a token names before its mark. */
const writerIn = ({ w }: Token): string => w.replace(/~.*/, '');

/** Checks the commands that leave each process against invariant 5. */
export class FlowChecker {
  sends = 0;
  private readonly simulator: Simulator;
  private readonly checker: InvariantChecker;
  private readonly limits: FlowLimits;
  private readonly lanes = new Map<string, LaneState>();
  /** By process, writer, channel and order. */
  private readonly sentOn = new Map<string, LaneState>();
  private readonly byHand = new Set<string>();
  private troubleUntil = 0;

  constructor(simulator: Simulator, checker: InvariantChecker, limits: FlowLimits) {
    this.simulator = simulator;
    this.checker = checker;
    this.limits = limits;
  }

  /** Until this time the store or a process has a fault, so that a process may have read less than was acknowledged. */
  addTrouble(until: number): void {
    this.troubleUntil = Math.max(this.troubleUntil, until);
  }

  retriedByHand(id: string): void {
    this.byHand.add(id);
  }

  /** The outbox of this process has parked a document on these channels. */
  onParked(process: Process, writer: string, id: string, channels: readonly string[]): void {
    for (const channel of channels) {
      const sent = this.sentOn.get(`${process.name} ${writer} ${channel} ${id}`)?.sent.get(id);
      if (sent !== undefined) sent.parked = true;
    }
  }

  /** The outbox of this process cannot read a document, so its commands have left the windows. */
  onDropped(process: Process, id: string): void {
    for (const [name, { sent }] of this.sentOn) {
      const command = sent.get(id);
      if (command !== undefined && name.startsWith(`${process.name} `) && name.endsWith(` ${id}`))
        command.parked = true;
    }
  }

  onKnown(process: Process, found: ReadonlyMap<string, Stored>): void {
    for (const [key, { value }] of found) {
      if (!key.startsWith('o:')) continue;
      const order = value as Order;
      for (const { channel, token } of orderHandler.acknowledged(order)) {
        const writer = writerIn(token);
        const lane = this.sentOn.get(`${process.name} ${writer} ${channel} ${order.id}`);
        if (lane === undefined || lane.acknowledged.has(order.nonce)) continue;
        lane.acknowledged.add(order.nonce);
        for (const informed of this.limits.sharedEvidence ? this.channel(writer, channel) : [lane])
          informed.evidenceAt = this.simulator.now;
      }
    }
  }

  onSend(process: Process, batch: readonly OutgoingCommand<Order>[]): void {
    for (const { channel, lane, token, document } of batch) {
      this.sends++;
      const writer = writerIn(token);
      this.simulator.trace(
        process.name,
        'send',
        `${channel} ${document.id} lane ${lane} attempt ${token.a} of ${writer}`,
      );
      const name = `${writer} ${channel} ${lane}`;
      const each = this.lane(name);
      this.sentOn.set(`${process.name} ${writer} ${channel} ${document.id}`, each);
      const before = each.sent.get(document.id);
      if (before?.nonce !== document.nonce)
        each.sent.set(document.id, { channel, nonce: document.nonce, parked: false });
      else this.retransmission(process, name, each, document.id, before);
      this.count(name, each, writer);
    }
  }

  private channel(w: string, channel: string): LaneState[] {
    return [...this.lanes].filter(([name]) => name.startsWith(`${w} ${channel} `)).map(([, lane]) => lane);
  }

  private lane(name: string): LaneState {
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const { now } = this.simulator;
    const lane = {
      sent: new Map(),
      acknowledged: new Set<string>(),
      evidenceAt: now,
      probedAt: Number.NEGATIVE_INFINITY,
    };
    this.lanes.set(name, lane);
    return lane;
  }

  private retransmission(process: Process, name: string, lane: LaneState, id: string, sent: SentOnce): void {
    const wasParked = sent.parked;
    sent.parked = false;
    const { now } = this.simulator;
    const earliest = EARLIEST * this.limits.probe;
    const calm = now > this.troubleUntil + 30_000 && now > process.resumesAt + 30_000;
    const exempt = !calm || wasParked || this.byHand.has(id) || this.checker.isRevived(id);
    if (exempt || now - lane.evidenceAt < earliest) return;
    if (now - lane.probedAt < earliest) {
      this.checker.report(
        5,
        `two probes within ${Math.round(now - lane.probedAt)} ms on ${name}, without evidence`,
        id,
      );
    }
    lane.probedAt = now;
  }

  private count(name: string, lane: LaneState, w: string): void {
    let inFlight = 0;
    for (const [id, { channel, nonce, parked }] of lane.sent) {
      const last = this.checker.last(id);
      if (last?.nonce !== nonce || !orderHandler.pendingChannels(last).includes(channel)) lane.sent.delete(id);
      else if (!parked && !this.checker.isRevived(id) && this.checker.reachability.mayProcess(id, w)) inFlight++;
    }
    if (inFlight > this.limits.window) {
      this.checker.report(5, `${inFlight} commands in flight on ${name}, with a window of ${this.limits.window}`);
    }
  }
}
