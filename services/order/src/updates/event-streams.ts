import type { ServerResponse } from 'node:http';
import { createPlaces, type Exhausted, ProblemError } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { type EventSource, sendEvents } from './send-events.ts';

export interface EventStreamsParts {
  readonly clock: Pick<Clock, 'setTimer' | 'wall'>;
  /** Maximum number of open streams. Default 1,000. */
  readonly max?: number;
  /** Maximum number of open streams of one caller. Default 10. */
  readonly maxPerCaller?: number;
  /** Interval of the comments that keep the connection open, also at proxies. Default 15 s. */
  readonly heartbeatMs?: number;
  /** Maximum time in which a client must receive a write. Default 10 s. */
  readonly writeWithinMs?: number;
}

/** The caller of a stream. */
export interface StreamCaller {
  /** The streams with the same key have a limit of their own. */
  readonly key: string;
  /** Unix time in milliseconds at which the caller's token expires; undefined: never. */
  readonly expiresAt: number | undefined;
}

/** Open streams of server-sent events. */
export interface EventStreams {
  /** Throws the problem of `open` when this caller has no place, before a stream costs a read. */
  requirePlace(c: Context, caller: StreamCaller): void;
  /**
   * Returns the response that streams the events. Throws a problem when too many streams are open. A HEAD request gets the
   * headers only and opens no stream, and neither does a client that has disconnected.
   */
  open(c: Context, events: EventSource, caller: StreamCaller): Response;
  /** Ends all streams, so that the service can stop. Their clients continue at another replica. */
  end(): void;
}

const MAX = 1_000;
const MAX_PER_CALLER = 10;
const HEARTBEAT_MS = 15_000;
const WRITE_WITHIN_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;

const REFUSALS: Readonly<Record<Exhausted | 'stopping', string>> = {
  stopping: 'this replica is stopping',
  replica: 'this replica has reached its limit of open streams',
  caller: "this replica has reached its limit of this caller's open streams",
};

export function createEventStreams(parts: EventStreamsParts): EventStreams {
  const { clock, max = MAX, maxPerCaller = MAX_PER_CALLER } = parts;
  const { heartbeatMs = HEARTBEAT_MS, writeWithinMs = WRITE_WITHIN_MS } = parts;
  const places = createPlaces({ max, maxPerCaller });
  const streams = new Set<AbortController>();
  let hasEnded = false;
  const refuse = (reason: Exhausted | 'stopping'): never => {
    throw new ProblemError('unavailable', { detail: REFUSALS[reason], retryAfter: RETRY_AFTER_SECONDS });
  };
  const opensNone = ({ req: { method, raw } }: Context): boolean => method === 'HEAD' || raw.signal.aborted;

  return {
    requirePlace(c, { key }) {
      const reason = hasEnded ? 'stopping' : places.exhausted(key);
      if (reason !== undefined && !opensNone(c)) refuse(reason);
    },
    open(c, events, { key, expiresAt }) {
      // Without this header nginx and similar proxies buffer events until they have some kilobytes.
      c.header('X-Accel-Buffering', 'no');
      const { raw } = c.req;
      if (opensNone(c)) {
        return c.body(null, 200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache, no-transform' });
      }
      const free = hasEnded ? 'stopping' : places.take(key);
      if (typeof free === 'string') return refuse(free);
      const outgoing = (c.env as { readonly outgoing?: ServerResponse } | undefined)?.outgoing;
      const disconnect = () => outgoing?.destroy();
      // The reads of a stream belong to no trace: a stream may be open for days.
      const response = runDetached(() =>
        streamSSE(c, async (stream) => {
          const ending = new AbortController();
          streams.add(ending);
          ending.signal.addEventListener('abort', () => {
            streams.delete(ending);
            free();
          });
          raw.signal.addEventListener('abort', () => ending.abort());
          await sendEvents({ clock, heartbeatMs, writeWithinMs, stream, events, expiresAt, disconnect }, ending);
        }),
      );
      // A proxy that compresses would hold events back until a block is full. Hono sets no-cache only.
      response.headers.set('Cache-Control', 'no-cache, no-transform');
      return response;
    },
    end() {
      hasEnded = true;
      for (const ending of streams) ending.abort();
    },
  };
}
