/** The arrival times of an open loop: evenly spaced, whatever the server does. */
export interface Schedule {
  /** How many arrivals are due by `elapsedMs` after the start, those already handed out included. */
  due(elapsedMs: number): number;
  /** When arrival n (from 0) is due, in milliseconds after the start. Latency counts from here. */
  at(n: number): number;
}

/** Constant rate, for so many seconds. */
export function constantRate(perSecond: number, seconds: number): Schedule {
  const total = Math.floor(perSecond * seconds);
  const spacing = 1000 / perSecond;
  return {
    due: (elapsedMs) => Math.max(0, Math.min(total, Math.floor(elapsedMs / spacing) + 1)),
    at: (n) => n * spacing,
  };
}
