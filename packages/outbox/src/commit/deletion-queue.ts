/** Number of waiting deletions from which `whenRoom` delays the scans that add deletions. */
const CROWDED = 1_024;

/**
 * Keys of segments to delete. A blind delete may be repeated and may be applied late, so a key stays queued until its
 * deletion is confirmed.
 */
export class DeletionQueue {
  readonly #waiting = new Map<string, (() => void) | undefined>();
  readonly #onAdded: () => void;
  #whenRoom: (() => void)[] = [];

  constructor(onAdded: () => void) {
    this.#onAdded = onAdded;
  }

  /** Queues a key. `onDeleted` is called once its deletion is confirmed. */
  add(key: string, onDeleted?: () => void): void {
    if (!this.#waiting.has(key)) this.#waiting.set(key, onDeleted);
    this.#onAdded();
  }

  /** Whether so many deletions wait that adding more should be delayed. */
  get isCrowded(): boolean {
    return this.#waiting.size >= CROWDED;
  }

  /** Resolves when the queue is not crowded. */
  whenRoom(): Promise<void> {
    if (!this.isCrowded) return Promise.resolve();
    return new Promise((resolve) => this.#whenRoom.push(resolve));
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The oldest keys, at most `max`. They stay queued. */
  first(max: number): string[] {
    const keys: string[] = [];
    if (max <= 0) return keys;
    for (const key of this.#waiting.keys()) {
      keys.push(key);
      if (keys.length === max) break;
    }
    return keys;
  }

  /** The deletion of these keys is confirmed. */
  confirm(keys: readonly string[]): void {
    for (const key of keys) {
      const onDeleted = this.#waiting.get(key);
      if (this.#waiting.delete(key)) onDeleted?.();
    }
    if (!this.isCrowded) for (const resolve of this.#whenRoom.splice(0)) resolve();
  }
}
