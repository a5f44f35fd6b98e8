import type { Clock } from '@standing-order/service-kit/runtime';
import type { SSEMessage, SSEStreamingApi } from 'hono/streaming';
import { keepLooking, type Looking } from './looking.ts';

/** What a stream tells its client. It is asked again and again, so what it says may depend on nothing but what is stored. */
export interface Feed {
  /** What the client has not heard yet: little enough to be held in memory. Rejects when that can't be read now. */
  news(): Promise<News>;
  /** Calls `sooner` when there may be news. Returns how to stop. */
  watch(sooner: () => void): () => void;
}

/** What is new on a stream. */
export interface News {
  readonly events: readonly SSEMessage[];
  /** Nothing will come after these. */
  readonly over: boolean;
}

/** What a stream runs on. */
export interface OpenStreamParts {
  readonly clock: Pick<Clock, 'setTimer'>;
  readonly heartbeatMs: number;
  readonly writeWithinMs: number;
  readonly stream: SSEStreamingApi;
  readonly feed: Feed;
  /** Takes the connection from the client. */
  cutOff(): void;
}

/** After which a client that has lost its connection comes back. */
const RECONNECT_MS = 1_000;

/** One client, and what it is told, until the feed is over, or the client is gone, or too slow, or everybody has to leave. */
export class OpenStream {
  readonly #parts: OpenStreamParts;
  readonly #looking: Looking;
  readonly #unwatch: () => void;
  readonly #over = Promise.withResolvers<void>();
  #cancelBeat = () => {};
  #finished = false;

  constructor(parts: OpenStreamParts) {
    this.#parts = parts;
    const { clock, stream, feed } = parts;
    this.#looking = keepLooking(clock, () => this.#tellNews());
    this.#unwatch = feed.watch(this.#looking.sooner);
    stream.onAbort(() => this.finish());
    void this.#send(stream.write(`retry: ${RECONNECT_MS}\n\n`));
    this.#looking.sooner();
  }

  /** Resolves when the stream has come to its end. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#looking.stop();
    this.#unwatch();
    this.#cancelBeat();
    this.#over.resolve();
    // What has been written must still reach the client, unless it does not take it.
    const { clock, writeWithinMs, cutOff } = this.#parts;
    clock.setTimer(writeWithinMs, cutOff);
  }

  /** Says whether there were any. */
  async #tellNews(): Promise<boolean> {
    const { feed, stream } = this.#parts;
    const { events, over } = await feed.news();
    for (const event of events) if (!this.#finished) await this.#send(stream.writeSSE(event));
    if (over) this.finish();
    return events.length > 0;
  }

  async #send(writing: Promise<unknown>): Promise<void> {
    if (!(await this.#inTime(writing))) {
      this.#parts.cutOff();
      this.finish();
    }
    this.#beatLater();
  }

  #inTime(writing: Promise<unknown>): Promise<boolean> {
    const { clock, writeWithinMs } = this.#parts;
    return new Promise((resolve) => {
      const cancel = clock.setTimer(writeWithinMs, () => resolve(false));
      writing.then(() => {
        cancel();
        resolve(true);
      });
    });
  }

  #beatLater(): void {
    this.#cancelBeat();
    if (this.#finished) return;
    const { clock, heartbeatMs, stream } = this.#parts;
    this.#cancelBeat = clock.setTimer(heartbeatMs, () => void this.#send(stream.write(':\n\n')));
  }
}
