import type { OutgoingCommand, Stored } from '../src/ports.ts';
import { business, type Order } from './business.ts';
import type { Checker } from './invariants.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** What the outbox was told to keep to, as far as invariant 5 speaks of it. */
export interface FlowLimits {
  readonly window: number;
  /** The shortest probe time, in milliseconds. */
  readonly probe: number;
  /** Attempts after which a command is stuck and leaves the window. */
  readonly stuckAfter: number;
  /** Whether an answer in one lane is evidence about the others of its channel. */
  readonly sharedEvidence: boolean;
}

interface Sent {
  attempts: number;
  readonly channel: string;
}

/** One writer's commands on one channel in one lane. */
interface Lane {
  readonly sent: Map<string, Sent>;
  /** Answers that its process knows of. */
  readonly answered: Set<string>;
  /** When its process last learnt of an answer that was new to it. */
  evidenceAt: number;
  probedAt: number;
}

/** How far clocks and the +-20 % of the probe time may bring two probes together. */
const EARLIEST = 0.8 * 0.97;

/** Counts what leaves each process against invariant 5. */
export class Flow {
  sends = 0;
  private readonly world: World;
  private readonly checker: Checker;
  private readonly limits: FlowLimits;
  private readonly lanes = new Map<string, Lane>();
  /** By process, writer, channel and order. */
  private readonly sentOn = new Map<string, Lane>();
  private readonly byHand = new Set<string>();
  private troubleUntil = 0;

  constructor(world: World, checker: Checker, limits: FlowLimits) {
    this.world = world;
    this.checker = checker;
    this.limits = limits;
  }

  /** The store or a process is in trouble until then, so that what a process knows may lag behind what it was told. */
  trouble(until: number): void {
    this.troubleUntil = Math.max(this.troubleUntil, until);
  }

  retriedByHand(id: string): void {
    this.byHand.add(id);
  }

  onLearn(process: Process, found: ReadonlyMap<string, Stored>): void {
    for (const [key, { value }] of found) {
      if (!key.startsWith('o:')) continue;
      const order = value as Order;
      for (const { channel, token } of business.acknowledged(order)) {
        const lane = this.sentOn.get(`${process.name} ${token.w} ${channel} ${order.id}`);
        if (lane === undefined || lane.answered.has(order.id)) continue;
        lane.answered.add(order.id);
        for (const informed of this.limits.sharedEvidence ? this.channel(token.w, channel) : [lane])
          informed.evidenceAt = this.world.now;
      }
    }
  }

  onSend(process: Process, batch: readonly OutgoingCommand<Order>[]): void {
    for (const { channel, lane, token, document } of batch) {
      this.sends++;
      this.world.trace(process.name, 'send', `${channel} ${document.id} lane ${lane} attempt ${token.a} of ${token.w}`);
      const name = `${token.w} ${channel} ${lane}`;
      const each = this.lane(name);
      this.sentOn.set(`${process.name} ${token.w} ${channel} ${document.id}`, each);
      const before = each.sent.get(document.id);
      if (before === undefined) each.sent.set(document.id, { attempts: 1, channel });
      else this.resend(process, name, each, document.id, before);
      this.count(name, each, token.w);
    }
  }

  private channel(w: string, channel: string): Lane[] {
    return [...this.lanes].filter(([name]) => name.startsWith(`${w} ${channel} `)).map(([, lane]) => lane);
  }

  private lane(name: string): Lane {
    const known = this.lanes.get(name);
    if (known !== undefined) return known;
    const { now } = this.world;
    const lane = { sent: new Map(), answered: new Set<string>(), evidenceAt: now, probedAt: Number.NEGATIVE_INFINITY };
    this.lanes.set(name, lane);
    return lane;
  }

  private resend(process: Process, name: string, lane: Lane, id: string, sent: Sent): void {
    sent.attempts++;
    const { now } = this.world;
    const earliest = EARLIEST * this.limits.probe;
    const calm = now > this.troubleUntil + 30_000 && now > process.lastPause + 30_000;
    const exempt = !calm || sent.attempts > this.limits.stuckAfter || this.byHand.has(id);
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

  private count(name: string, lane: Lane, w: string): void {
    let inFlight = 0;
    for (const [id, { attempts, channel }] of lane.sent) {
      const last = this.checker.last(id);
      if (last === undefined || !business.pendingChannels(last).includes(channel)) lane.sent.delete(id);
      else if (attempts < this.limits.stuckAfter && this.checker.naming.mayRelay(id, w)) inFlight++;
    }
    if (inFlight > this.limits.window) {
      this.checker.report(5, `${inFlight} commands in flight on ${name}, with a window of ${this.limits.window}`);
    }
  }
}
