import type { ClientHttp2Stream, Http2Session } from 'node:http2';
import { Http2SessionManager } from '@connectrpc/connect-node';
import { MAX_MESSAGE_BYTES } from './framing.ts';

/** A connection without traffic for so long sends a PING before its next stream. The sidecar refuses more than one in 8 s. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 2_000;
/** Room for `maxInFlight` messages of the largest size in both directions, in MB. Node's default of 10 MB refuses calls beyond it. */
const SESSION_MEMORY_MB_PER_CALL = 8;
/** HTTP/2's default of 64 KiB makes a bulk get wait for window updates. */
const WINDOW_BYTES = MAX_MESSAGE_BYTES;

/** One HTTP/2 connection to the sidecar. It connects when a stream is opened, and again after a loss. */
export interface Http2Connection {
  open(path: string, headers: Readonly<Record<string, string>>): Promise<ClientHttp2Stream>;
  /** Bytes of a response show that the connection works. */
  received(stream: ClientHttp2Stream): void;
  /** Ends an attempt to connect. */
  abortConnecting(reason: Error): void;
  close(): void;
}

export function createHttp2Connection(url: string, maxInFlight: number): Http2Connection {
  const manager = new Http2SessionManager(
    url,
    { pingIntervalMs: PING_INTERVAL_MS, pingTimeoutMs: PING_TIMEOUT_MS },
    {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
      maxSessionMemory: SESSION_MEMORY_MB_PER_CALL * maxInFlight,
    },
  );
  /** The session of the latest stream, until its event `close`. */
  let latest: { readonly session: Http2Session; readonly closed: Promise<void> } | undefined;

  return {
    /**
     * Opens a stream, but not between the loss of a session and its event `close`. The session manager would connect again, and stop
     * listening to the lost session. The event `error` of that session would then end this process. After a lost PING, the new
     * session would be replaced at once, and calls would wait for it without end.
     */
    async open(path, headers) {
      if (latest?.session.destroyed) await latest.closed;
      const stream = await manager.request('POST', path, headers, {});
      const { session } = stream;
      if (session && session !== latest?.session) {
        const closed = Promise.withResolvers<void>();
        const current = { session, closed: closed.promise };
        latest = current;
        session.once('close', () => {
          closed.resolve();
          if (latest === current) latest = undefined;
        });
      }
      return stream;
    },
    received: (stream) => manager.notifyResponseByteRead(stream),
    abortConnecting(reason) {
      if (manager.state() === 'connecting') manager.abort(reason);
    },
    close: () => manager.abort(),
  };
}
