import { setTimeout as delay } from 'node:timers/promises';
import type { RedisClientType } from 'redis';
import type { Times } from './settlement.ts';

const PAGE = 500;
const PAUSE_MS = 250;

/** An order as its document in Redis tells it, whichever contender wrote it. */
export interface Found extends Times {
  readonly status: string;
}

/** Reads order documents straight from Redis, past every service, and counts its own commands. */
export class Documents {
  readonly #redis: RedisClientType;
  reads = 0;

  constructor(redis: RedisClientType) {
    this.#redis = redis;
  }

  /** The documents of these ids, in order; undefined where there is none. */
  async read(ids: readonly string[]): Promise<readonly (Found | undefined)[]> {
    const found: (Found | undefined)[] = [];
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = ids.slice(at, at + PAGE);
      this.reads += page.length;
      const values = await Promise.all(page.map((id) => this.#redis.hGet(`order||o:${id}`, 'data')));
      found.push(...values.map((value) => (value === null ? undefined : (JSON.parse(value) as Found))));
    }
    return found;
  }

  /**
   * Waits until every one of these orders is settled, or the deadline has passed. Looks at one page after the other, and
   * at each until all of it is settled, so that looking costs little.
   */
  async untilSettled(ids: readonly string[], deadlineMs: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + deadlineMs;
    for (let at = 0; at < ids.length; ) {
      const page = await this.read(ids.slice(at, at + PAGE));
      const open = page.findIndex((order) => order !== undefined && order.settledAt === undefined);
      if (open < 0) {
        at += PAGE;
        continue;
      }
      if (performance.now() > end) return;
      at += open;
      await delay(PAUSE_MS, undefined, { signal });
    }
  }
}
