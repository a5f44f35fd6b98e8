import type { Clock } from '@standing-order/service-kit/runtime';
import { startPolling } from './poll-with-backoff.ts';

/** Receives the updates for one listener. After the end its functions do nothing. */
export interface Sink<T> {
  emit(update: T): void;
  /** Polls the source soon. */
  poke(): void;
  /** Ends the listener's iteration after the updates that have been emitted. */
  end(): void;
}

/** A state that this replica and other replicas change. All its listeners share it. */
export interface Source<L> {
  /** Reads the state and passes the changes to these listeners. A rejection counts as no change. */
  poll(listeners: readonly L[]): Promise<void>;
  /** Stops the notifications about changes that this replica makes. */
  unwatch(): void;
}

/** The connection of an open source to its listeners. */
export interface Feed<L> {
  /** All current listeners. */
  listeners(): readonly L[];
  /** Polls the source soon. */
  poke(): void;
}

/** Opens the source with this key. */
export type OpenSource<L> = (key: string, feed: Feed<L>) => Source<L>;

/** The updates of the source with this key, as an async iterable for one listener. */
export type PolledUpdates<T, L> = (key: string, signal: AbortSignal, listen: (sink: Sink<T>) => L) => AsyncIterable<T>;

/**
 * Updates of sources. Notifications show a change of this replica at once; polling with backoff shows the changes of other
 * replicas. A source is open, and polled by one poller, while it has a listener.
 *
 * An iteration ends with its listener, when the consumer stops it, or when the signal aborts: then at once, also during a slow
 * read. A listener takes part in no poll while emitted updates wait for its consumer, so their number is bounded.
 */
export function createPolledUpdates<T, L>(clock: Pick<Clock, 'setTimer'>, open: OpenSource<L>): PolledUpdates<T, L> {
  const feeds = new Map<string, SharedFeed<L>>();

  function feedOf(key: string): SharedFeed<L> {
    const existing = feeds.get(key);
    if (existing) return existing;
    const feed = openFeed<L>(
      clock,
      (own) => open(key, own),
      () => feeds.delete(key),
    );
    feeds.set(key, feed);
    return feed;
  }

  return (key, signal, listen) => {
    const resources = new DisposableStack();
    return new ReadableStream<T>({
      start(controller) {
        const feed = feedOf(key);
        const isReady = () => (controller.desiredSize ?? 0) > 0;
        const end = () => {
          if (resources.disposed) return;
          resources.dispose();
          controller.close();
        };
        resources.defer(() => feed.leave(isReady));
        signal.addEventListener('abort', end);
        resources.defer(() => signal.removeEventListener('abort', end));

        const listener = listen({
          emit(update) {
            if (resources.disposed) return;
            feed.countChange();
            controller.enqueue(update);
          },
          poke: feed.poke,
          end,
        });
        if (signal.aborted) end();
        if (!resources.disposed) feed.join(isReady, listener);
      },
      cancel: () => resources.dispose(),
    });
  };
}

/** An open source. A member is identified by the function that returns whether it can receive updates. */
interface SharedFeed<L> {
  join(isReady: () => boolean, listener: L): void;
  /** Closes the source when nothing listens to it any more. */
  leave(isReady: () => boolean): void;
  countChange(): void;
  poke(): void;
}

function openFeed<L>(
  clock: Pick<Clock, 'setTimer'>,
  open: (feed: Feed<L>) => Source<L>,
  onClosed: () => void,
): SharedFeed<L> {
  const members = new Map<() => boolean, L>();
  let changes = 0;
  const poller = startPolling(clock, async () => {
    const ready = [...members].filter(([isReady]) => isReady()).map(([, listener]) => listener);
    if (ready.length === 0) return false;
    const before = changes;
    await source.poll(ready);
    return changes > before;
  });
  const source = open({ listeners: () => [...members.values()], poke: poller.poke });

  return {
    join: (isReady, listener) => members.set(isReady, listener),
    leave(isReady) {
      members.delete(isReady);
      if (members.size > 0) return;
      poller.stop();
      source.unwatch();
      onClosed();
    },
    countChange: () => changes++,
    poke: poller.poke,
  };
}
