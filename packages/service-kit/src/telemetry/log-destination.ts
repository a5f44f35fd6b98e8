import { type DestinationStream, pino } from 'pino';

/** Lines that wait for a slow reader, in bytes. Further lines are dropped and counted. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
const FLUSH_WITHIN_MS = 1_000;

/**
 * Stdout, written asynchronously: a reader that stalls does not block the process. A fatal line and the exit of the process flush the
 * waiting lines for at most a second. A write that fails, such as on a full disk or after the reader has gone, never ends the process.
 * `onDropped` gets the number of dropped lines once the reader has caught up.
 *
 * `overrides` in package.json selects sonic-boom 5: version 4, which pino 10 requires, repeats a failed flush without end.
 */
export function createLogDestination(onDropped: (lines: number) => void): DestinationStream {
  let flushDeadline = Number.POSITIVE_INFINITY;
  let dropped = 0;
  const destination = pino.destination({
    sync: false,
    maxLength: MAX_WAITING_BYTES,
    retryEAGAIN: () => performance.now() < flushDeadline,
  });
  const flush = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    flushDeadline = performance.now() + FLUSH_WITHIN_MS;
    try {
      flush();
    } catch {
      // The log cannot be written, so no line can report it.
    }
    flushDeadline = Number.POSITIVE_INFINITY;
  };
  // The next line repeats the failed write.
  destination.on('error', () => {});
  destination.on('drop', () => dropped++);
  destination.on('drain', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    onDropped(lines);
  });
  return destination;
}
