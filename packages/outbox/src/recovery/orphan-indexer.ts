import { slices } from '../context.ts';
import type { Settings } from '../settings.ts';

/** Gives documents a segment of this writer, once each within its memory. */
export class OrphanIndexer {
  readonly #settings: Settings;
  readonly #move: (ids: readonly string[]) => Promise<boolean>;
  readonly #waiting = new Set<string>();
  readonly #indexed = new Set<string>();
  #busy = false;

  constructor(settings: Settings, move: (ids: readonly string[]) => Promise<boolean>) {
    this.#settings = settings;
    this.#move = move;
  }

  add(id: string): void {
    if (this.#indexed.has(id) || this.#waiting.size >= this.#settings.orphanQueue) return;
    this.#remember(id);
    this.#waiting.add(id);
    if (!this.#busy) void this.#run();
  }

  #remember(id: string): void {
    this.#indexed.add(id);
    for (const oldest of this.#indexed) {
      if (this.#indexed.size <= this.#settings.orphansRemembered) break;
      this.#indexed.delete(oldest);
    }
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.size > 0) {
      const ids = [...this.#waiting];
      this.#waiting.clear();
      for (const slice of slices(ids, this.#settings.batchDocuments)) {
        if (await this.#move(slice)) continue;
        // Given up: whoever asks again starts it again.
        for (const id of slice) this.#indexed.delete(id);
      }
    }
    this.#busy = false;
  }
}
