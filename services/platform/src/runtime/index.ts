import type { Clock, Random } from '@standing-order/outbox';
import type { Hono } from 'hono';

export type { Clock, Random };

export interface ServiceOptions {
  readonly app: Hono;
  readonly host: string;
  readonly port: number;
  /** Runs once the port listens; a rejection ends the process with exit code 1. Aborted when the service is told to stop. */
  start?(signal: AbortSignal): Promise<void>;
  /** Runs after the last request was answered, before telemetry is flushed. */
  stop?(): Promise<void>;
  /** How long stopping may take in all, in milliseconds. Default 25,000. */
  readonly stopWithinMs?: number;
}

/** Runs a service until SIGTERM or SIGINT, then ends the process: 0 after an orderly stop, 1 otherwise. */
export declare function runService(options: ServiceOptions): void;

export declare const realClock: Clock;

/** 53 bits from the system's generator. */
export declare const realRandom: Random;

/** UUID version 7: sorts by time of creation. */
export declare function uuidv7(clock: Pick<Clock, 'wall'>, random: Random): string;

/** UUID version 8 from the SHA-256 of the parts: equal parts, equal id. Parts are separated, so ("a","b") is not ("ab",""). */
export declare function deterministicUuid(...parts: readonly string[]): string;
