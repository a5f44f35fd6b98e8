/**
 * Where long work tells what it does: `note` is said once and stays, `progress` is only the state of things now, and
 * `done` ends it.
 * @typedef {{ note(line: string): void, progress(line: string): void, done(): void }} Report
 */

const quietGapMs = 15_000;

/**
 * Reports on a stream: on a terminal progress overwrites itself in one line, elsewhere (a log) it is written at most
 * every 15 seconds. `onProgress` takes the progress instead, if given.
 *
 * @param {NodeJS.WriteStream} stream
 * @param {(line: string) => void} [onProgress]
 * @returns {Report}
 */
export function reportTo(stream, onProgress) {
  let open = false;
  let lastWritten = Number.NEGATIVE_INFINITY;
  const close = () => {
    if (open) stream.write('\r\x1b[K');
    open = false;
  };
  /** @param {string} line */
  const show = (line) => {
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
      open = true;
    } else if (performance.now() - lastWritten >= quietGapMs) {
      lastWritten = performance.now();
      stream.write(`${line}\n`);
    }
  };
  return {
    note: (line) => {
      close();
      stream.write(`${line}\n`);
    },
    progress: onProgress ?? show,
    done: close,
  };
}

/**
 * A duration in words: `8 s`, `3 min 20 s`.
 * @param {number} ms
 */
export function inWords(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Tells of `work` every second, with how long it has taken, until it settles. What is told begins with `what` and is
 * changed by calling the function that `work` is given.
 *
 * @template T
 * @param {Report} report
 * @param {string} what
 * @param {(say: (what: string) => void) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function telling(report, what, work) {
  const began = performance.now();
  let now = what;
  const tell = () => report.progress(`${now}, ${inWords(performance.now() - began)}`);
  tell();
  const timer = setInterval(tell, 1_000);
  try {
    return await work((next) => {
      now = next;
    });
  } finally {
    clearInterval(timer);
    report.done();
  }
}
