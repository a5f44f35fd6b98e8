/** Where a resolver tells what it does: `note` is said once and stays, `progress` is only the state of things now. */
export interface Report {
  note(line: string): void;
  progress(line: string): void;
  /** The work that progress told of is over. */
  done(): void;
}

const quietGapMs = 15_000;

/**
 * Reports on a stream: on a terminal progress overwrites itself in one line, elsewhere (a log) it is written at most
 * every 15 seconds. `onProgress` takes the progress instead, if given.
 */
export function reportTo(stream: NodeJS.WriteStream, onProgress?: (line: string) => void): Report {
  let open = false;
  let lastWritten = Number.NEGATIVE_INFINITY;
  const close = () => {
    if (open) stream.write('\r\x1b[K');
    open = false;
  };
  return {
    note: (line) => {
      close();
      stream.write(`${line}\n`);
    },
    progress: (line) => {
      if (onProgress !== undefined) return onProgress(line);
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
        open = true;
      } else if (performance.now() - lastWritten >= quietGapMs) {
        lastWritten = performance.now();
        stream.write(`${line}\n`);
      }
    },
    done: close,
  };
}

/** A duration in words: `8 s`, `3 min 20 s`. */
export function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
