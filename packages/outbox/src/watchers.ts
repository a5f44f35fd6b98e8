/** Listeners of single documents, limited in number. */
export class DocumentWatchers<D extends { readonly id: string }> {
  readonly #max: number;
  readonly #listeners = new Map<string, Set<(document: D) => void>>();
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Adds a listener and returns a function that removes it. A listener above the limit is never called. */
  add(id: string, listener: (document: D) => void): () => void {
    if (this.#size >= this.#max) return () => {};
    // A function of its own, so that a listener added twice is called twice.
    const own = (document: D): void => listener(document);
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(own));
    this.#size++;
    return () => {
      if (!listeners.delete(own)) return;
      this.#size--;
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  /** Calls the listeners of this document. */
  notify(document: D): void {
    for (const listener of [...(this.#listeners.get(document.id) ?? [])]) listener(document);
  }
}
