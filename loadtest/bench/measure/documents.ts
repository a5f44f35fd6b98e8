import { setTimeout as delay } from 'node:timers/promises';
import type { RedisClientType } from 'redis';
import type { Times } from './decisions.ts';

const PAGE = 500;
const POLL_MS = 250;

/** The fields of an order's document in Redis that all contenders write. */
export interface OrderDocument extends Times {
  readonly status: string;
}

/** Reads order documents from Redis, without any service, and counts its own commands. */
export class Documents {
  readonly #redis: RedisClientType;
  reads = 0;

  constructor(redis: RedisClientType) {
    this.#redis = redis;
  }

  /** The documents of these ids, in this order; undefined for an id without a document. */
  async read(ids: readonly string[]): Promise<readonly (OrderDocument | undefined)[]> {
    const documents: (OrderDocument | undefined)[] = [];
    for (let at = 0; at < ids.length; at += PAGE) {
      const page = ids.slice(at, at + PAGE);
      this.reads += page.length;
      const values = await Promise.all(page.map((id) => this.#redis.hGet(`order||o:${id}`, 'data')));
      documents.push(...values.map((value) => (value === null ? undefined : (JSON.parse(value) as OrderDocument))));
    }
    return documents;
  }

  /** The number of these orders that are not decided, or not stored. */
  async undecided(ids: readonly string[]): Promise<number> {
    return (await this.read(ids)).filter((order) => order?.settledAt === undefined).length;
  }

  /**
   * Waits until every one of these orders is decided, or until the deadline. Polls one page until all of its orders are
   * decided, then the next, so that polling costs little.
   */
  async untilDecided(ids: readonly string[], deadlineMs: number, signal: AbortSignal): Promise<void> {
    const end = performance.now() + deadlineMs;
    for (let at = 0; at < ids.length; ) {
      const page = await this.read(ids.slice(at, at + PAGE));
      const undecided = page.findIndex((order) => order !== undefined && order.settledAt === undefined);
      if (undecided < 0) {
        at += PAGE;
        continue;
      }
      if (performance.now() > end) return;
      at += undecided;
      await delay(POLL_MS, undefined, { signal });
    }
  }
}
