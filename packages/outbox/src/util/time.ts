import type { Clock } from '../ports.ts';

/** A moment on both clocks of a process. */
export interface Times {
  readonly monotonic: number;
  readonly wall: number;
}

/** Now. */
export const timesOf = (clock: Clock): Times => ({ monotonic: clock.monotonic(), wall: clock.wall() });

/** Milliseconds of a second. */
export const SECOND = 1_000;
/** Milliseconds of a minute. */
export const MINUTE = 60 * SECOND;
/** Milliseconds of an hour. */
export const HOUR = 60 * MINUTE;
