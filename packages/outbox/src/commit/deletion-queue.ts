const many = 1_024;

/** Segments that nobody needs any more. A blind delete may be repeated and may land late, so they stay until confirmed. */
export class DeletionQueue {
  readonly #waiting = new Map<string, (() => void) | undefined>();
  readonly #added: () => void;
  #hasRoom: (() => void)[] = [];

  constructor(added: () => void) {
    this.#added = added;
  }

  /** `gone` is called once the deletion is confirmed. */
  add(key: string, gone?: () => void): void {
    if (!this.#waiting.has(key)) this.#waiting.set(key, gone);
    this.#added();
  }

  /** So many wait that whoever adds to them should hold on. */
  get isCrowded(): boolean {
    return this.#waiting.size >= many;
  }

  /** Resolves when few enough wait for somebody to go on who adds many. */
  whenRoom(): Promise<void> {
    if (!this.isCrowded) return Promise.resolve();
    return new Promise((resolve) => this.#hasRoom.push(resolve));
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The first keys, at most `most`; they keep waiting. */
  first(most: number): string[] {
    const keys: string[] = [];
    if (most <= 0) return keys;
    for (const key of this.#waiting.keys()) {
      keys.push(key);
      if (keys.length === most) break;
    }
    return keys;
  }

  confirm(keys: readonly string[]): void {
    for (const key of keys) {
      const gone = this.#waiting.get(key);
      if (this.#waiting.delete(key)) gone?.();
    }
    if (!this.isCrowded) for (const resolve of this.#hasRoom.splice(0)) resolve();
  }
}
