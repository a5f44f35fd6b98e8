/** The output of long work. `note` prints a permanent line, `progress` replaces the status line, `done` clears it. */
export interface ProgressReport {
  note(line: string): void;
  progress(line: string): void;
  done(): void;
}

const LOG_INTERVAL_MS = 15_000;

/**
 * Reports on a stream. On a terminal, progress overwrites one line. Elsewhere (a log) progress is printed at most every
 * 15 seconds. `onProgress` receives the progress instead, if it is given.
 */
export function createProgressReport(stream: NodeJS.WriteStream, onProgress?: (line: string) => void): ProgressReport {
  let isOpen = false;
  let lastPrinted = Number.NEGATIVE_INFINITY;
  const close = () => {
    if (isOpen) stream.write('\r\x1b[K');
    isOpen = false;
  };
  const show = (line: string) => {
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
      isOpen = true;
    } else if (performance.now() - lastPrinted >= LOG_INTERVAL_MS) {
      lastPrinted = performance.now();
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

/** Formats a duration: `8 s`, `3 min 20 s`. */
export function inWords(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Reports the status of `work` and its duration every second, until `work` settles. The status begins as `status`;
 * `work` receives a function that changes it.
 */
export async function withProgress<T>(
  report: ProgressReport,
  status: string,
  work: (setStatus: (status: string) => void) => Promise<T>,
): Promise<T> {
  const began = performance.now();
  let current = status;
  const print = () => report.progress(`${current}, ${inWords(performance.now() - began)}`);
  print();
  const timer = setInterval(print, 1_000);
  try {
    return await work((next) => {
      current = next;
    });
  } finally {
    clearInterval(timer);
    report.done();
  }
}
