import { slices } from '../context.ts';
import type { Settings } from '../settings.ts';

/** Gives documents a segment of this writer, once each within its memory. */
export class Enlist {
  readonly #settings: Settings;
  readonly #move: (ids: readonly string[]) => Promise<boolean>;
  readonly #waiting = new Set<string>();
  readonly #remembered = new Set<string>();
  #busy = false;

  constructor(settings: Settings, move: (ids: readonly string[]) => Promise<boolean>) {
    this.#settings = settings;
    this.#move = move;
  }

  add(id: string): void {
    if (this.#remembered.has(id) || this.#waiting.size >= this.#settings.enlistQueue) return;
    this.#remember(id);
    this.#waiting.add(id);
    if (!this.#busy) void this.#run();
  }

  #remember(id: string): void {
    this.#remembered.add(id);
    for (const oldest of this.#remembered) {
      if (this.#remembered.size <= this.#settings.enlistRemembered) break;
      this.#remembered.delete(oldest);
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
        for (const id of slice) this.#remembered.delete(id);
      }
    }
    this.#busy = false;
  }
}
