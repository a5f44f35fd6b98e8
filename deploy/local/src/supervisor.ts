import { Part } from './parts/part.ts';
import type { PartKind, PartSpec, PartView } from './parts/spec.ts';
import { requireFree } from './ports.ts';

/** What can be done to one part from outside. */
export const partActions = ['start', 'stop', 'kill', 'freeze', 'thaw'] as const;
export type PartAction = (typeof partActions)[number];

export interface SupervisorOptions {
  readonly specs: readonly PartSpec[];
  readonly dataDir: string;
  readonly startDeadlineMs: number;
  readonly onProgress: (line: string) => void;
  /** A store answers again: told before `start` resolves. */
  readonly onStoreUp: () => Promise<void>;
}

/**
 * Runs the parts. A part that ends by itself is reported and stays down: this is the place to see what the others do without
 * it, so starting it again is somebody's decision.
 */
export class Supervisor {
  readonly #parts: ReadonlyMap<string, Part>;
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const report = (view: PartView, log: string) =>
      options.onProgress(`${view.name} ended by itself (${view.ended}); its last lines:\n${log}`);
    this.#parts = new Map(options.specs.map((spec) => [spec.name, new Part(spec, options.dataDir, report)]));
  }

  views(): PartView[] {
    return [...this.#parts.values()].map((part) => part.view());
  }

  /** Starts everything, each as soon as what it needs is there, and waits until all of it can work. */
  async startAll(): Promise<void> {
    await requireFree(this.#options.specs.flatMap(({ name, ports }) => ports.map((port) => ({ part: name, port }))));
    const stores = Promise.all(this.#of('store').map((part) => this.#started(part)));
    await Promise.all([
      stores,
      ...this.#of('service').map((part) => this.#started(part)),
      stores.then(() => Promise.all(this.#of('sidecar').map((part) => this.#started(part)))),
    ]);
    await this.ready();
  }

  /** Waits until every part that is running can do its work. */
  async ready(deadlineMs = this.#options.startDeadlineMs): Promise<void> {
    const running = [...this.#parts.values()].filter((part) => part.state === 'running');
    await Promise.all(running.map((part) => part.ready(deadlineMs, this.#closing.signal)));
  }

  /** Does something to one part; resolves when it is done. `start` waits until the part is alive, whatever the others do. */
  async act(action: PartAction, name: string): Promise<void> {
    const part = this.#parts.get(name);
    if (!part) throw new Error(`there is no part "${name}"; there are ${[...this.#parts.keys()].join(', ')}`);
    this.#closing.signal.throwIfAborted();
    if (action !== 'start') {
      await part[action]();
      return;
    }
    await part.start(this.#options.startDeadlineMs, this.#closing.signal);
    if (part.spec.kind === 'store') await this.#options.onStoreUp();
  }

  /** Services first, so that they finish with their sidecars at hand; then sidecars, then stores. Leaves no process. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error('the platform is closing'));
    for (const kind of ['service', 'sidecar', 'store'] as const) {
      const ends = await Promise.allSettled(this.#of(kind).map((part) => this.#stopped(part)));
      for (const end of ends) if (end.status === 'rejected') this.#options.onProgress(String(end.reason));
    }
    const left = this.views().filter((view) => view.pid !== undefined);
    if (left.length > 0)
      throw new Error(`still running: ${left.map((view) => `${view.name} (${view.pid})`).join(', ')}`);
  }

  async #stopped(part: Part): Promise<void> {
    if ((await part.stop()) === 'killed')
      this.#options.onProgress(
        `${part.spec.name} did not stop within ${part.spec.stopDeadlineMs / 1000} s and was killed`,
      );
  }

  async #started(part: Part): Promise<void> {
    const before = performance.now();
    await part.start(this.#options.startDeadlineMs, this.#closing.signal);
    this.#options.onProgress(`${part.spec.name} is up (${Math.round(performance.now() - before)} ms)`);
  }

  #of(kind: PartKind): Part[] {
    return [...this.#parts.values()].filter((part) => part.spec.kind === kind);
  }
}
