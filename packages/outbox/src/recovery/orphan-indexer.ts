import { markOf } from '../insertion-mark.ts';
import type { OutboxDocument } from '../ports.ts';
import type { Settings } from '../settings.ts';
import { slices } from '../util/slices.ts';
import type { CommitSegment } from './segment-rewriter.ts';

/** Maximum number of ids that wait for a segment. */
const MAX_QUEUED = 1_000;

/**
 * Adds documents to a segment of this writer, in case no other segment names them. A document is added once, as long as the
 * indexer remembers it. A later document of the same id is another one.
 */
export class OrphanIndexer {
  readonly #settings: Settings;
  readonly #commitSegment: CommitSegment;
  readonly #waiting = new Set<string>();
  /** By id, the mark of the document. */
  readonly #indexed = new Map<string, string>();
  #busy = false;

  constructor(settings: Settings, commitSegment: CommitSegment) {
    this.#settings = settings;
    this.#commitSegment = commitSegment;
  }

  /** Queues a document, unless it was added before or the queue is full. */
  add(document: OutboxDocument): void {
    const { id } = document;
    const mark = markOf(document);
    if (this.#indexed.get(id) === mark || this.#waiting.size >= MAX_QUEUED) return;
    this.#remember(id, mark);
    this.#waiting.add(id);
    if (!this.#busy) void this.#run();
  }

  #remember(id: string, mark: string): void {
    this.#indexed.delete(id);
    this.#indexed.set(id, mark);
    for (const oldest of this.#indexed.keys()) {
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
