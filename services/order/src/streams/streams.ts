import type { ServerResponse } from 'node:http';
import { ProblemError } from '@standing-order/platform/http';
import type { Clock } from '@standing-order/platform/runtime';
import { detached } from '@standing-order/platform/telemetry';
import type { Context } from 'hono';
import { type SSEMessage, type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { keepLooking } from '../looking.ts';

/** What a stream tells its client. It is asked again and again, so what it says may depend on nothing but what is stored. */
export interface Feed {
  /** What the client has not heard yet: little enough to be held in memory. Rejects when that can't be read now. */
  news(): Promise<News>;
  /** Calls `sooner` when there may be news. Returns how to stop. */
  watch(sooner: () => void): () => void;
}

export interface News {
  readonly events: readonly SSEMessage[];
  /** Nothing will come after these. */
  readonly over: boolean;
}

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
/** After which a client that has lost its connection comes back. */
const RECONNECT_MS = 1_000;

/** Starts with no stream; each ends with its client, its feed, or `end`. */
export function createStreams(parts: StreamsParts): Streams {
  const { clock, most = MOST, heartbeatMs = HEARTBEAT_MS, writeWithinMs = WRITE_WITHIN_MS } = parts;
  const open = new Set<() => void>();
  let ended = false;

  /** Whether `work` is done in time. */
  const inTime = (work: Promise<unknown>): Promise<boolean> =>
    new Promise((resolve) => {
      const cancel = clock.setTimer(writeWithinMs, () => resolve(false));
      work.then(() => {
        cancel();
        resolve(true);
      });
    });

  /** Resolves when the stream has come to its end, or its client is gone, or too slow, or everybody has to leave. */
  const run = (stream: SSEStreamingApi, feed: Feed, cutOff: () => void) =>
    new Promise<void>((resolve) => {
      const finish = () => {
        if (!open.delete(finish)) return;
        looking.stop();
        unwatch();
        cancelBeat();
        resolve();
        // What has been written must still reach the client, unless it does not take it.
        clock.setTimer(writeWithinMs, cutOff);
      };
      open.add(finish);
      let cancelBeat = () => {};
      const beatLater = () => {
        cancelBeat();
        if (open.has(finish)) cancelBeat = clock.setTimer(heartbeatMs, () => void send(stream.write(':\n\n')));
      };
      const send = async (writing: Promise<unknown>) => {
        if (!(await inTime(writing))) {
          cutOff();
          finish();
        }
        beatLater();
      };
      const looking = keepLooking(clock, async () => {
        const { events, over } = await feed.news();
        for (const event of events) if (open.has(finish)) await send(stream.writeSSE(event));
        if (over) finish();
        return events.length > 0;
      });
      const unwatch = feed.watch(looking.sooner);
      stream.onAbort(finish);
      void send(stream.write(`retry: ${RECONNECT_MS}\n\n`));
      looking.sooner();
    });

  return {
    open(c, feed) {
      if (ended || open.size >= most) {
        const detail = ended ? 'this replica is stopping' : 'as many streams are open as this replica serves';
        throw new ProblemError('unavailable', { detail, retryAfter: RETRY_AFTER_SECONDS });
      }
      // Proxies of the nginx kind would keep events back until they have gathered some kilobytes.
      c.header('X-Accel-Buffering', 'no');
      const outgoing = (c.env as { readonly outgoing?: ServerResponse } | undefined)?.outgoing;
      // What is read for a stream belongs to no trace: it may go on for days.
      return detached(() => streamSSE(c, (stream) => run(stream, feed, () => outgoing?.destroy())));
    },
    end() {
      ended = true;
      for (const finish of [...open]) finish();
    },
  };
}
