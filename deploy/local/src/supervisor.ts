import { requireFree } from './ports.ts';
import { ManagedProcess } from './processes/managed-process.ts';
import type { ProcessKind, ProcessSpec, ProcessView } from './processes/spec.ts';

/** The actions on one process. */
export const PROCESS_ACTIONS = ['start', 'stop', 'kill', 'pause', 'resume'] as const;
export type ProcessAction = (typeof PROCESS_ACTIONS)[number];

export interface SupervisorOptions {
  readonly specs: readonly ProcessSpec[];
  readonly dataDir: string;
  readonly startDeadlineMs: number;
  readonly onProgress: (line: string) => void;
  /** Called when a store works again, before `start` resolves. */
  readonly onStoreUp: () => Promise<void>;
}

/**
 * Runs the processes. A process that ends by itself is reported and stays down, so that a user can observe the others without
 * it and decide when to start it again.
 */
export class Supervisor {
  readonly #processes: ReadonlyMap<string, ManagedProcess>;
  readonly #options: SupervisorOptions;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const report = (view: ProcessView, log: string) =>
      options.onProgress(`${view.name} ended by itself (${view.ended}); its last lines:\n${log}`);
    this.#processes = new Map(
      options.specs.map((spec) => [spec.name, new ManagedProcess(spec, options.dataDir, report)]),
    );
  }

  views(): ProcessView[] {
    return [...this.#processes.values()].map((managed) => managed.view());
  }

  /** Starts every process as soon as its dependencies run, and waits until all are ready. */
  async startAll(): Promise<void> {
    await requireFree(this.#options.specs.flatMap(({ name, ports }) => ports.map((port) => ({ process: name, port }))));
    const stores = Promise.all(this.#of('store').map((managed) => this.#started(managed)));
    await Promise.all([
      stores,
      ...this.#of('service').map((managed) => this.#started(managed)),
      stores.then(() => Promise.all(this.#of('sidecar').map((managed) => this.#started(managed)))),
    ]);
    await this.ready();
  }

  /** Waits until every running process is ready. */
  async ready(deadlineMs = this.#options.startDeadlineMs): Promise<void> {
    const running = [...this.#processes.values()].filter((managed) => managed.state === 'running');
    await Promise.all(running.map((managed) => managed.ready(deadlineMs, this.#closing.signal)));
  }

  /** Performs an action on one process. `start` resolves when the process itself works. */
  async act(action: ProcessAction, name: string): Promise<void> {
    const managed = this.#processes.get(name);
    if (!managed) throw new Error(`no process "${name}"; the processes are ${[...this.#processes.keys()].join(', ')}`);
    this.#closing.signal.throwIfAborted();
    if (action !== 'start') {
      await managed[action]();
      return;
    }
    await managed.start(this.#options.startDeadlineMs, this.#closing.signal);
    if (managed.spec.kind === 'store') await this.#options.onStoreUp();
  }

  /** Stops services first, so that they can still use their sidecars; then sidecars, then stores. Leaves no process. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Error('the platform is closing'));
    for (const kind of ['service', 'sidecar', 'store'] as const) {
      const ends = await Promise.allSettled(this.#of(kind).map((managed) => this.#stopped(managed)));
      for (const end of ends) if (end.status === 'rejected') this.#options.onProgress(String(end.reason));
    }
    const left = this.views().filter((view) => view.pid !== undefined);
    if (left.length > 0)
      throw new Error(`still running: ${left.map((view) => `${view.name} (${view.pid})`).join(', ')}`);
  }

  async #stopped(managed: ManagedProcess): Promise<void> {
    if ((await managed.stop()) === 'killed')
      this.#options.onProgress(
        `${managed.spec.name} did not stop within ${managed.spec.stopDeadlineMs / 1000} s and was killed`,
      );
  }

  async #started(managed: ManagedProcess): Promise<void> {
    const before = performance.now();
    await managed.start(this.#options.startDeadlineMs, this.#closing.signal);
    this.#options.onProgress(`${managed.spec.name} is up (${Math.round(performance.now() - before)} ms)`);
  }

  #of(kind: ProcessKind): ManagedProcess[] {
    return [...this.#processes.values()].filter((managed) => managed.spec.kind === kind);
  }
}
