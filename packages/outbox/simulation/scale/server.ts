import type { Rng } from '../random.ts';
import type { Simulator } from '../simulator.ts';

/** Length of the period in which utilization is measured, as in the order service. */
const PERIOD_MS = 100;

/** One processor that does one piece of work after the other, in virtual time. */
export class Server {
  private readonly simulator: Simulator;
  private readonly rng: Rng;
  private freeAt = 0;
  private assignedMs = 0;
  private period = { from: 0, busy: 0 };
  private lastUtilization = 0;

  constructor(simulator: Simulator, rng: Rng) {
    this.simulator = simulator;
    this.rng = rng;
  }

  /** Resolves when work of this many microseconds, give or take half of it, is done. */
  work(microseconds: number): Promise<void> {
    const ms = (microseconds / 1000) * (0.5 + this.rng.next());
    this.freeAt = Math.max(this.freeAt, this.simulator.now) + ms;
    this.assignedMs += ms;
    return new Promise((resolve) => {
      this.simulator.schedule(this.freeAt - this.simulator.now, resolve);
    });
  }

  /** Milliseconds of work that are done so far. */
  get busyMs(): number {
    return this.assignedMs - Math.max(0, this.freeAt - this.simulator.now);
  }

  /** Share of the last period in which this server was busy. */
  utilization(): number {
    const { now } = this.simulator;
    const elapsed = now - this.period.from;
    if (elapsed >= PERIOD_MS) {
      this.lastUtilization = (this.busyMs - this.period.busy) / elapsed;
      this.period = { from: now, busy: this.busyMs };
    }
    return this.lastUtilization;
  }
}
