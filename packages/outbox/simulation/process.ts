import type { Clock } from '../src/ports.ts';
import type { Rng } from './random.ts';
import type { Simulator } from './simulator.ts';

/** Faults of the clocks of a process. */
export interface ClockFault {
  /** Offset of the wall clock, in milliseconds. */
  readonly offset: number;
  /** Rate of both clocks: 1.01 is one per cent too fast. */
  readonly rate: number;
}

/** Where a process may be paused: just before a request leaves it, or just before a result or a timer reaches it. */
export type AwaitKind = 'transact' | 'read' | 'write' | 'remove' | 'send' | 'timer';

/** A pause or a death at a chosen await. */
export interface PlannedPause {
  readonly kind: AwaitKind;
  readonly side: 'request' | 'result';
  /** Counts the awaits of this kind and side, from 1. */
  readonly ordinal: number;
  readonly ms: number;
  /** The process dies here, and is replaced after that time. */
  readonly dies: boolean;
  /** A suspended machine stops its monotonic clock; a stopped process does not. */
  readonly clockRuns: boolean;
  /** Not after this simulated time. */
  readonly before: number;
}

/**
 * One operating system process with its clocks, its pauses and its death. Everything that reaches it passes through
 * `deliver`.
 */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  alive = true;
  /** End of the latest pause. */
  resumesAt = Number.NEGATIVE_INFINITY;
  /** Called when an await has paused or killed the process. */
  onInterrupted: (ms: number) => void = () => {};
  private readonly simulator: Simulator;
  private readonly born: number;
  private readonly startedAt: number;
  private readonly counts = new Map<string, number>();
  private readonly pauses: readonly PlannedPause[];
  private readonly rate: number;
  private offset: number;
  private pausedUntil = 0;
  private stoppedFor = 0;

  constructor(simulator: Simulator, rng: Rng, name: string, fault: ClockFault, pauses: readonly PlannedPause[]) {
    this.simulator = simulator;
    this.name = name;
    this.born = simulator.now;
    this.startedAt = rng.int(0, 1_000_000);
    this.rate = fault.rate;
    this.offset = fault.offset;
    this.pauses = pauses;
    this.clock = {
      monotonic: () => Math.floor(this.startedAt + (simulator.now - this.born - this.stoppedFor) * this.rate),
      wall: () => Math.floor(EPOCH + simulator.now * this.rate + this.offset),
      setTimer: (ms, fire) => this.setTimer(ms, fire),
    };
  }

  get paused(): boolean {
    return this.simulator.now < this.pausedUntil;
  }

  /** Something reaches this process in `delay` milliseconds, or when it resumes, or never. */
  deliver(delay: number, fire: () => void): () => void {
    let cancel = () => {};
    const arrive = () => {
      if (!this.alive) return;
      if (this.paused) cancel = this.simulator.schedule(this.pausedUntil - this.simulator.now, arrive);
      else fire();
    };
    cancel = this.simulator.schedule(delay, arrive);
    return () => cancel();
  }

  /** A result or a timer, at which the process may be paused. */
  respond(kind: AwaitKind, delay: number, fire: () => void): () => void {
    let cancel = () => {};
    const arrive = () => {
      this.step(kind, 'result');
      if (this.paused || !this.alive) cancel = this.deliver(0, fire);
      else fire();
    };
    cancel = this.deliver(delay, arrive);
    return () => cancel();
  }

  /** How long a request that is about to leave is delayed together with its process. */
  request(kind: AwaitKind): number {
    this.step(kind, 'request');
    return Math.max(0, this.pausedUntil - this.simulator.now);
  }

  pause(ms: number, clockRuns: boolean): void {
    this.simulator.trace(this.name, 'pause', `${ms} ms, its clock ${clockRuns ? 'runs' : 'stops'}`);
    const from = Math.max(this.pausedUntil, this.simulator.now);
    const until = Math.max(this.pausedUntil, this.simulator.now + ms);
    this.pausedUntil = until;
    this.resumesAt = until;
    // Only at the end: the code that led to this await still reads the clock of the moment before.
    if (!clockRuns) this.simulator.schedule(until - this.simulator.now, () => (this.stoppedFor += until - from));
  }

  jumpWall(ms: number): void {
    this.simulator.trace(this.name, 'jump', `wall clock ${ms} ms`);
    this.offset += ms;
  }

  kill(): void {
    this.alive = false;
  }

  /** The process dies, to be replaced after `ms`. */
  die(ms: number): void {
    if (!this.alive) return;
    this.simulator.trace(this.name, 'dies');
    this.kill();
    this.onInterrupted(ms);
  }

  private step(kind: AwaitKind, side: PlannedPause['side']): void {
    const name = `${kind} ${side}`;
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    const due = this.pauses.find((pause) => pause.ordinal === count && pause.kind === kind && pause.side === side);
    if (due === undefined || this.simulator.now >= due.before) return;
    this.simulator.trace(this.name, 'held', `${name} ${count}`);
    if (due.dies) this.die(due.ms);
    else {
      this.pause(due.ms, due.clockRuns);
      this.onInterrupted(due.ms);
    }
  }

  private setTimer(ms: number, fire: () => void): () => void {
    const due = this.clock.monotonic() + ms;
    let cancel = () => {};
    const arrive = () => {
      const left = due - this.clock.monotonic();
      if (left > 0) cancel = this.respond('timer', (left + 1) / this.rate, arrive);
      else fire();
    };
    cancel = this.respond('timer', (ms + 1) / this.rate, arrive);
    return () => cancel();
  }
}

/** The wall clock at the start of every run. */
const EPOCH = Date.UTC(2026, 0, 1);
