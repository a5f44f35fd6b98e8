/** A body that is being received or sent. */
export interface Transfer {
  /** Counts bytes that it holds in memory. Aborts the oldest other transfers while all together hold more than the limit. */
  hold(bytes: number): void;
  /** The transfer was completed or has failed: frees its bytes. */
  end(): void;
}

/**
 * Bounds the bytes of bodies in transit, for all callers together. The oldest one gives way: an honest one takes milliseconds, so
 * that slow transfers of one caller neither fill the memory nor keep out another caller.
 */
export class Transfers {
  readonly #maxBytes: number;
  /** In order of their start, with their bytes. */
  readonly #open = new Map<() => void, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that all transfers hold at present. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Starts a transfer; `abort` is called at most once, when it must give way. */
  start(abort: () => void): Transfer {
    this.#open.set(abort, 0);
    return {
      hold: (bytes) => {
        const held = this.#open.get(abort);
        if (held === undefined) return;
        this.#open.set(abort, held + bytes);
        this.#bytes += bytes;
        this.#makeRoom(abort);
      },
      end: () => this.#free(abort),
    };
  }

  #makeRoom(current: () => void): void {
    for (const abort of this.#open.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      if (abort === current) continue;
      this.#free(abort);
      abort();
    }
  }

  #free(abort: () => void): void {
    this.#bytes -= this.#open.get(abort) ?? 0;
    this.#open.delete(abort);
  }
}
