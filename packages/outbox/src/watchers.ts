/** Listeners of single documents; bounded. */
export class Watchers<D extends { readonly id: string }> {
  readonly #most: number;
  readonly #listeners = new Map<string, Set<(document: D) => void>>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Returns how to stop. A listener over the bound hears nothing. */
  add(id: string, listener: (document: D) => void): () => void {
    if (this.#size >= this.#most) return () => {};
    // Its own function, so that one listener added twice is two.
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

  notify(document: D): void {
    for (const listener of [...(this.#listeners.get(document.id) ?? [])]) listener(document);
  }
}
