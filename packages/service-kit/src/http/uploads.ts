/** A request body that is being read. */
export interface Upload {
  /** Counts received bytes. Aborts the oldest other uploads while all together hold more than the limit. */
  received(bytes: number): void;
  /** The body was read or its reading has failed: frees its bytes. */
  end(): void;
}

/**
 * Bounds the bytes of bodies that are being read, for all callers together. The oldest upload gives way: an honest one is read within
 * milliseconds, so that slow uploads of one caller neither fill the memory nor keep out another caller.
 */
export class Uploads {
  readonly #maxBytes: number;
  /** In order of their start, with their bytes. */
  readonly #open = new Map<() => void, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that all uploads hold at present. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Starts an upload; `abort` is called at most once, when it must give way. */
  start(abort: () => void): Upload {
    this.#open.set(abort, 0);
    return {
      received: (bytes) => {
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
