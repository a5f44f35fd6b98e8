import type { Clock } from '@standing-order/service-kit/runtime';
import type { SSEMessage, SSEStreamingApi } from 'hono/streaming';

/** The events of a stream. The iteration must end at once when the signal aborts. */
export type EventSource = (signal: AbortSignal) => AsyncIterable<SSEMessage>;

export interface SendEventsParts {
  readonly clock: Pick<Clock, 'setTimer' | 'wall'>;
  readonly heartbeatMs: number;
  readonly writeWithinMs: number;
  readonly stream: SSEStreamingApi;
  readonly events: EventSource;
  /** Unix time in milliseconds at which the caller's token expires; undefined: never. */
  readonly expiresAt: number | undefined;
  /** Closes the client's connection. */
  disconnect(): void;
}

/** Time after which a client that has lost its connection reconnects. */
const RECONNECT_MS = 1_000;
/** Interval of the checks for an expired token. The wall clock may jump, so no timer can be set for the expiry. */
const EXPIRY_CHECK_MS = 2_000;

/**
 * Sends events to one client. Ends with the events, when the client disconnects or takes too long to receive, when its token
 * expires, or when `ending` is aborted. `ending` is always aborted in the end.
 */
export async function sendEvents(parts: SendEventsParts, ending: AbortController): Promise<void> {
  const { clock, heartbeatMs, writeWithinMs, stream, events, expiresAt, disconnect } = parts;
  const { signal } = ending;
  const end = () => ending.abort();
  const hasExpired = () => expiresAt !== undefined && clock.wall() >= expiresAt;
  let cancelHeartbeat = () => {};
  let cancelCheck = () => {};

  function isWrittenInTime(writing: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = clock.setTimer(writeWithinMs, () => resolve(false));
      writing.then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  async function send(writing: Promise<unknown>): Promise<void> {
    if (!(await isWrittenInTime(writing))) {
      disconnect();
      end();
    }
    cancelHeartbeat();
    if (!signal.aborted) cancelHeartbeat = clock.setTimer(heartbeatMs, () => void send(stream.write(':\n\n')));
  }

  function checkExpiry(): void {
    if (hasExpired()) end();
    else if (expiresAt !== undefined) cancelCheck = clock.setTimer(EXPIRY_CHECK_MS, checkExpiry);
  }

  async function sendAll(): Promise<void> {
    for await (const event of events(signal)) {
      if (signal.aborted || hasExpired()) break;
      await send(stream.writeSSE(event));
    }
  }

  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  stream.onAbort(end);
  checkExpiry();
  void send(stream.write(`retry: ${RECONNECT_MS}\n\n`));
  try {
    await Promise.race([sendAll(), aborted]);
  } finally {
    end();
    cancelHeartbeat();
    cancelCheck();
    // Written events must still reach a client that receives them.
    clock.setTimer(writeWithinMs, disconnect);
  }
}
