import type { Settings } from '../settings.ts';
import { slices } from '../util/slices.ts';
import type { CommitSegment } from './segment-rewriter.ts';

/** Maximum number of ids that wait for a segment. */
const MAX_QUEUED = 1_000;

/**
 * Adds documents to a segment of this writer, in case no other segment names them. An id is added once, as long as the
 * indexer remembers it.
 */
export class OrphanIndexer {
  readonly #settings: Settings;
  readonly #commitSegment: CommitSegment;
  readonly #waiting = new Set<string>();
  readonly #indexed = new Set<string>();
  #busy = false;

  constructor(settings: Settings, commitSegment: CommitSegment) {
    this.#settings = settings;
    this.#commitSegment = commitSegment;
  }

  /** Queues an id, unless it was added before or the queue is full. */
  add(id: string): void {
    if (this.#indexed.has(id) || this.#waiting.size >= MAX_QUEUED) return;
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
        if (await this.#commitSegment(slice)) continue;
        // Given up: the next read of such a document queues it again.
        for (const id of slice) this.#indexed.delete(id);
      }
    }
    this.#busy = false;
  }
}
