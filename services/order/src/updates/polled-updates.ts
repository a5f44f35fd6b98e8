import type { Clock } from '@standing-order/service-kit/runtime';
import { startPolling } from './poll-with-backoff.ts';

/** Receives the updates of a source. After the end its functions do nothing. */
export interface Sink<T> {
  emit(update: T): void;
  /** Polls the source soon. */
  poke(): void;
  /** Ends the iteration after the updates that have been emitted. */
  end(): void;
}

/** A state that this replica and other replicas change. */
export interface Source {
  /** Reads the state and emits the changes. A rejection counts as no change. */
  poll(): Promise<void>;
  /** Stops the notifications about changes that this replica makes. */
  unwatch(): void;
}

/**
 * The updates of a source as an async iterable. Notifications show a change of this replica at once; polling with backoff
 * shows the changes of other replicas.
 *
 * The iteration ends with the source, when the consumer stops it, or when the signal aborts: then at once, also during a slow
 * read. The source is not polled while emitted updates wait for the consumer, so their number is bounded.
 */
export function polledUpdates<T>(
  clock: Pick<Clock, 'setTimer'>,
  signal: AbortSignal,
  open: (sink: Sink<T>) => Source,
): AsyncIterable<T> {
  const resources = new DisposableStack();

  return new ReadableStream<T>({
    start(controller) {
      let emitted = 0;
      const end = () => {
        if (resources.disposed) return;
        resources.dispose();
        controller.close();
      };
      const poller = startPolling(clock, async () => {
        if ((controller.desiredSize ?? 0) <= 0) return false;
        const before = emitted;
        await source.poll();
        return emitted > before;
      });
      resources.defer(poller.stop);
      signal.addEventListener('abort', end);
      resources.defer(() => signal.removeEventListener('abort', end));

      const source = open({
        emit(update) {
          if (resources.disposed) return;
          emitted++;
          controller.enqueue(update);
        },
        poke: poller.poke,
        end,
      });
      if (resources.disposed) source.unwatch();
      else resources.defer(source.unwatch);
      if (signal.aborted) end();
    },
    cancel: () => resources.dispose(),
  });
}
