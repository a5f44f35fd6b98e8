import { fnv1a } from '../src/util/hash.ts';

interface ScheduledEvent {
  readonly at: number;
  readonly seq: number;
  fire: (() => void) | undefined;
}

const before = (a: ScheduledEvent, b: ScheduledEvent) => a.at < b.at || (a.at === b.at && a.seq < b.seq);

/** Events by time, then by the order in which they were scheduled. */
class EventHeap {
  private readonly items: ScheduledEvent[] = [];

  peek(): ScheduledEvent | undefined {
    return this.items[0];
  }

  push(event: ScheduledEvent): void {
    const { items } = this;
    let i = items.length;
    items.push(event);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = items[up] as ScheduledEvent;
      if (!before(event, parent)) break;
      items[i] = parent;
      i = up;
    }
    items[i] = event;
  }

  pop(): ScheduledEvent | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && before(items[child + 1] as ScheduledEvent, items[child] as ScheduledEvent))
        child++;
      if (!before(items[child] as ScheduledEvent, last)) break;
      items[i] = items[child] as ScheduledEvent;
      i = child;
    }
    items[i] = last;
    return top;
  }
}

/** Maximum number of events in one turn of the event loop. Promise chains still finish between any two of them. */
const PER_TURN = 32;

/** Virtual time. Everything is an event; between two events no time passes and every promise chain finishes. */
export class Simulator {
  /** Milliseconds since the start. */
  now = 0;
  events = 0;
  /** A hash of all trace lines: equal for equal runs. */
  digest = 0x811c9dc5;
  readonly lines: string[] = [];
  private readonly heap = new EventHeap();
  private readonly verbose: boolean;
  private seq = 0;

  constructor(verbose = false) {
    this.verbose = verbose;
  }

  /** Calls `fire` in `delay` milliseconds. Returns a function that cancels the event. */
  schedule(delay: number, fire: () => void): () => void {
    const event: ScheduledEvent = { at: this.now + Math.max(0, delay), seq: this.seq++, fire };
    this.heap.push(event);
    return () => {
      event.fire = undefined;
    };
  }

  trace(actor: string, action: string, detail = ''): void {
    this.digest = fnv1a(`${Math.round(this.now)}${actor}${action}${detail}`, this.digest);
    if (this.verbose) this.lines.push(`${stamp(this.now)}  ${actor.padEnd(10)} ${action.padEnd(10)} ${detail}`);
  }

  /** Runs events until `enough` returns true, no event is left, or the time is `until`. */
  run(until: number, enough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false;
      const finish = (error?: unknown) => {
        over = true;
        if (error === undefined) resolve();
        else reject(error);
      };
      const step = () => {
        if (over) return;
        try {
          if (enough()) finish();
          else if (!this.advance(until)) finish();
        } catch (error) {
          finish(error);
        }
      };
      const turn = () => {
        if (over) return;
        for (let i = 0; i < PER_TURN; i++) setImmediate(step);
        setImmediate(turn);
      };
      turn();
    });
  }

  private advance(until: number): boolean {
    for (;;) {
      const next = this.heap.peek();
      if (next === undefined || next.at > until) {
        this.now = until;
        return false;
      }
      this.heap.pop();
      if (next.fire === undefined) continue;
      this.now = next.at;
      this.events++;
      next.fire();
      return true;
    }
  }
}

/** 93784567 -> "1d 02:03:04.567" */
export function stamp(ms: number): string {
  const whole = Math.round(ms);
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  const days = Math.floor(whole / 86_400_000);
  const clock = `${two((whole / 3_600_000) % 24)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}`;
  return `${days > 0 ? `${days}d ` : ''}${clock}.${String(whole % 1000).padStart(3, '0')}`;
}
