import type { DeletionQueue } from '../commit/deletion-queue.ts';
import type { Context } from '../context.ts';
import type { OutboxDocument } from '../ports.ts';

/** Commits a new segment that names `ids`. Resolves to true once that is confirmed, and to false when it was given up. */
export type CommitSegment = (ids: readonly string[]) => Promise<boolean>;

interface SourceSegment {
  readonly key: string;
  /** Called when the segment is deleted. Undefined: the segment must stay. */
  readonly onDeleted: (() => void) | undefined;
}

/** Collects the open ids of several segments into new segments, and deletes the old segments once the new ones are confirmed. */
export class SegmentRewriter<D extends OutboxDocument, A> {
  readonly #context: Context<D, A>;
  readonly #deletions: DeletionQueue;
  readonly #commitSegment: CommitSegment;
  #ids = new Set<string>();
  #sources: SourceSegment[] = [];

  constructor(context: Context<D, A>, deletions: DeletionQueue, commitSegment: CommitSegment) {
    this.#context = context;
    this.#deletions = deletions;
    this.#commitSegment = commitSegment;
  }

  /** Adds the open ids of one segment. Returns false when a new segment was given up; no source of it is deleted then. */
  async add(open: readonly string[], source: SourceSegment): Promise<boolean> {
    const fits = this.#ids.size + open.length <= this.#context.settings.batchDocuments;
    if (!fits && !(await this.flush())) return false;
    for (const id of open) this.#ids.add(id);
    this.#sources.push(source);
    return true;
  }

  /** Commits the collected ids. Returns false when that was given up. */
  async flush(): Promise<boolean> {
    const { policies } = this.#context;
    const ids = [...this.#ids];
    const sources = this.#sources;
    this.#ids = new Set();
    this.#sources = [];
    if (ids.length === 0) return true;
    const early = policies.mayDeleteRewritten('planned');
    if (early) this.#delete(sources);
    const confirmed = await this.#commitSegment(ids);
    if (confirmed && !early && policies.mayDeleteRewritten('confirmed')) this.#delete(sources);
    return confirmed;
  }

  #delete(sources: readonly SourceSegment[]): void {
    for (const { key, onDeleted } of sources) if (onDeleted !== undefined) this.#deletions.add(key, onDeleted);
  }
}
