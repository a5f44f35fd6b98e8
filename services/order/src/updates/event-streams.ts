import type { ServerResponse } from 'node:http';
import { ProblemError } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { type EventSource, sendEvents } from './send-events.ts';

export interface EventStreamsParts {
  readonly clock: Pick<Clock, 'setTimer' | 'wall'>;
  /** Maximum number of open streams. Default 1,000. */
  readonly max?: number;
  /** Interval of the comments that keep the connection open, also at proxies. Default 15 s. */
  readonly heartbeatMs?: number;
  /** Maximum time in which a client must receive a write. Default 10 s. */
  readonly writeWithinMs?: number;
}

/** Open streams of server-sent events. */
export interface EventStreams {
  /**
   * Returns the response that streams the events. Throws a problem when too many streams are open. A HEAD request gets the
   * headers only and opens no stream, and neither does a client that has disconnected.
   *
   * @param expiresAt Unix time in milliseconds at which the caller's token expires
   */
  open(c: Context, events: EventSource, expiresAt?: number): Response;
  /** Ends all streams, so that the service can stop. Their clients continue at another replica. */
  end(): void;
}

const MAX = 1_000;
const HEARTBEAT_MS = 15_000;
const WRITE_WITHIN_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;

export function createEventStreams(parts: EventStreamsParts): EventStreams {
  const { clock, max = MAX, heartbeatMs = HEARTBEAT_MS, writeWithinMs = WRITE_WITHIN_MS } = parts;
  const streams = new Set<AbortController>();
  let hasEnded = false;

  return {
    open(c, events, expiresAt) {
      // Without this header nginx and similar proxies buffer events until they have some kilobytes.
      c.header('X-Accel-Buffering', 'no');
      const { method, raw } = c.req;
      if (method === 'HEAD' || raw.signal.aborted) {
        return c.body(null, 200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
      }
      if (hasEnded || streams.size >= max) {
        const detail = hasEnded ? 'this replica is stopping' : 'this replica has reached its limit of open streams';
        throw new ProblemError('unavailable', { detail, retryAfter: RETRY_AFTER_SECONDS });
      }
      const outgoing = (c.env as { readonly outgoing?: ServerResponse } | undefined)?.outgoing;
      const disconnect = () => outgoing?.destroy();
      // The reads of a stream belong to no trace: a stream may be open for days.
      return runDetached(() =>
        streamSSE(c, async (stream) => {
          const ending = new AbortController();
          streams.add(ending);
          ending.signal.addEventListener('abort', () => streams.delete(ending));
          raw.signal.addEventListener('abort', () => ending.abort());
          await sendEvents({ clock, heartbeatMs, writeWithinMs, stream, events, expiresAt, disconnect }, ending);
        }),
      );
    },
    end() {
      hasEnded = true;
      for (const ending of streams) ending.abort();
    },
  };
}
