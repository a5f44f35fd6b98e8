import type { ServerResponse } from 'node:http';
import { ProblemError } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import { runDetached } from '@standing-order/service-kit/telemetry';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { type Feed, OpenStream } from './open-stream.ts';

export interface StreamsParts {
  readonly clock: Pick<Clock, 'setTimer'>;
  /** Most streams at a time. Default 1,000. */
  readonly most?: number;
  /** Between two comments that keep the connection, and proxies on the way, awake. Default 15 s. */
  readonly heartbeatMs?: number;
  /** How long a client may take to take what is sent. Default 10 s. */
  readonly writeWithinMs?: number;
}

/** Open streams of server-sent events. */
export interface Streams {
  /** The feed as a response. Throws the problem that there are too many streams. */
  open(c: Context, feed: Feed): Response;
  /** Ends all of them, so that the service can stop; their clients go on at another replica. */
  end(): void;
}

const MOST = 1_000;
const HEARTBEAT_MS = 15_000;
const WRITE_WITHIN_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;

export function createStreams(parts: StreamsParts): Streams {
  const { clock, most = MOST, heartbeatMs = HEARTBEAT_MS, writeWithinMs = WRITE_WITHIN_MS } = parts;
  const open = new Set<OpenStream>();
  let ended = false;

  return {
    open(c, feed) {
      if (ended || open.size >= most) {
        const detail = ended ? 'this replica is stopping' : 'as many streams are open as this replica serves';
        throw new ProblemError('unavailable', { detail, retryAfter: RETRY_AFTER_SECONDS });
      }
      // Proxies of the nginx kind would keep events back until they have gathered some kilobytes.
      c.header('X-Accel-Buffering', 'no');
      const outgoing = (c.env as { readonly outgoing?: ServerResponse } | undefined)?.outgoing;
      const cutOff = () => outgoing?.destroy();
      // What is read for a stream belongs to no trace: it may go on for days.
      return runDetached(() =>
        streamSSE(c, async (stream) => {
          const one = new OpenStream({ clock, heartbeatMs, writeWithinMs, stream, feed, cutOff });
          open.add(one);
          await one.over;
          open.delete(one);
        }),
      );
    },
    end() {
      ended = true;
      for (const one of [...open]) one.finish();
    },
  };
}
