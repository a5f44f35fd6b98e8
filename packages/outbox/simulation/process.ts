import type { Clock } from '../src/ports.ts';
import type { Rng } from './random.ts';
import type { World } from './world.ts';

/** What is wrong with the clocks of a process. */
export interface ClockFault {
  /** How far the wall clock is off, in milliseconds. */
  readonly offset: number;
  /** How fast both clocks run: 1.01 is one per cent too fast. */
  readonly rate: number;
}

/** Where a process may be held: just before a request leaves it, or just before an answer or a timer reaches it. */
export type AwaitKind = 'transact' | 'read' | 'write' | 'remove' | 'send' | 'timer';

export interface PauseAt {
  readonly kind: AwaitKind;
  readonly side: 'request' | 'answer';
  /** Counts the awaits of this kind and side, from 1. */
  readonly ordinal: number;
  readonly ms: number;
  /** It dies here, and is replaced after that time. */
  readonly dies: boolean;
  /** A suspended machine stops its monotonic clock; a stopped process does not. */
  readonly clockRuns: boolean;
  /** Not after this time of the world. */
  readonly before: number;
}

/** One operating system process: its clocks, its pauses, its death. Whatever happens to it goes through `deliver`. */
export class Process {
  readonly name: string;
  readonly clock: Clock;
  alive = true;
  /** When it last woke, or will. */
  lastPause = Number.NEGATIVE_INFINITY;
  /** Told when an await has paused it, or killed it. */
  onHeld: (ms: number) => void = () => {};
  private readonly world: World;
  private readonly born: number;
  private readonly startedAt: number;
  private readonly counts = new Map<string, number>();
  private readonly pauses: readonly PauseAt[];
  private readonly rate: number;
  private offset: number;
  private pausedUntil = 0;
  private stoodStill = 0;

  constructor(world: World, rng: Rng, name: string, fault: ClockFault, pauses: readonly PauseAt[]) {
    this.world = world;
    this.name = name;
    this.born = world.now;
    this.startedAt = rng.int(0, 1_000_000);
    this.rate = fault.rate;
    this.offset = fault.offset;
    this.pauses = pauses;
    this.clock = {
      monotonic: () => Math.floor(this.startedAt + (world.now - this.born - this.stoodStill) * this.rate),
      wall: () => Math.floor(EPOCH + world.now * this.rate + this.offset),
      setTimer: (ms, fire) => this.setTimer(ms, fire),
    };
  }

  get paused(): boolean {
    return this.world.now < this.pausedUntil;
  }

  /** Something reaches this process in `delay` milliseconds, or when it runs again, or never. */
  deliver(delay: number, fire: () => void): () => void {
    let cancel = () => {};
    const arrive = () => {
      if (!this.alive) return;
      if (this.paused) cancel = this.world.schedule(this.pausedUntil - this.world.now, arrive);
      else fire();
    };
    cancel = this.world.schedule(delay, arrive);
    return () => cancel();
  }

  /** An answer or a timer, with the chance of being held at this very await. */
  answer(kind: AwaitKind, delay: number, fire: () => void): () => void {
    let cancel = () => {};
    const arrive = () => {
      this.step(kind, 'answer');
      if (this.paused || !this.alive) cancel = this.deliver(0, fire);
      else fire();
    };
    cancel = this.deliver(delay, arrive);
    return () => cancel();
  }

  /** How long a request that is about to leave is held together with its process. */
  request(kind: AwaitKind): number {
    this.step(kind, 'request');
    return Math.max(0, this.pausedUntil - this.world.now);
  }

  pause(ms: number, clockRuns: boolean): void {
    this.world.trace(this.name, 'pause', `${ms} ms, its clock ${clockRuns ? 'runs' : 'stops'}`);
    const from = Math.max(this.pausedUntil, this.world.now);
    const until = Math.max(this.pausedUntil, this.world.now + ms);
    this.pausedUntil = until;
    this.lastPause = until;
    // Only on waking: the code that led to this await still reads the clock of the moment before.
    if (!clockRuns) this.world.schedule(until - this.world.now, () => (this.stoodStill += until - from));
  }

  jumpWall(ms: number): void {
    this.world.trace(this.name, 'jump', `wall clock ${ms} ms`);
    this.offset += ms;
  }

  kill(): void {
    this.alive = false;
  }

  /** Dies by itself, to be replaced after `ms`. */
  die(ms: number): void {
    if (!this.alive) return;
    this.world.trace(this.name, 'dies');
    this.kill();
    this.onHeld(ms);
  }

  private step(kind: AwaitKind, side: PauseAt['side']): void {
    const name = `${kind} ${side}`;
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    const due = this.pauses.find((pause) => pause.ordinal === count && pause.kind === kind && pause.side === side);
    if (due === undefined || this.world.now >= due.before) return;
    this.world.trace(this.name, 'held', `${name} ${count}`);
    if (due.dies) this.die(due.ms);
    else {
      this.pause(due.ms, due.clockRuns);
      this.onHeld(due.ms);
    }
  }

  private setTimer(ms: number, fire: () => void): () => void {
    const due = this.clock.monotonic() + ms;
    let cancel = () => {};
    const arrive = () => {
      const left = due - this.clock.monotonic();
      if (left > 0) cancel = this.answer('timer', (left + 1) / this.rate, arrive);
      else fire();
    };
    cancel = this.answer('timer', (ms + 1) / this.rate, arrive);
    return () => cancel();
  }
}

/** The wall clock at the start of every run. */
const EPOCH = Date.UTC(2026, 0, 1);
