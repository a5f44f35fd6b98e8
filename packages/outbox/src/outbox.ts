import type {
  AcceptResult,
  Outbox,
  OutboxOptions,
  OutboxState,
  OutboxStats,
  ParkedDocument,
  RecordResult,
} from './api.ts';
import { DeletionQueue } from './commit/deletion-queue.ts';
import { GroupCommit } from './commit/group-commit.ts';
import { RequestQueue } from './commit/request-queue.ts';
import { type Context, freshName, reasonOf } from './context.ts';
import { OrphanTakeover } from './membership/takeover.ts';
import { Writer } from './membership/writer.ts';
import { DEFAULT_POLICIES } from './policies.ts';
import type { OutboxDocument } from './ports.ts';
import { OrphanIndexer } from './recovery/orphan-indexer.ts';
import { readDocuments, type StoredDocument } from './recovery/segment-scan.ts';
import { ReplyRecorder } from './replies/reply-recorder.ts';
import { selfTest, UnsupportedStoreError } from './self-test.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { Sleeper } from './util/loop.ts';
import { Watchers } from './watchers.ts';
import { WriterSession } from './writer-session.ts';

/** An outbox over the given ports; nothing happens before `start`. */
export const createOutbox = <D extends OutboxDocument, A>(options: OutboxOptions<D, A>): Outbox<D, A> =>
  new DefaultOutbox<D, A>(options);

/** Connects the parts, and replaces the session when its name has become too old. */
class DefaultOutbox<D extends OutboxDocument, A> implements Outbox<D, A> {
  readonly #context: Context<D, A>;
  readonly #queue: RequestQueue<D>;
  readonly #deletions = new DeletionQueue(() => this.#commit.wake());
  readonly #commit: GroupCommit<D, A>;
  readonly #recorder: ReplyRecorder<D, A>;
  readonly #adopt: OrphanTakeover<D, A>;
  readonly #enlist: OrphanIndexer;
  readonly #watchers: Watchers<D>;
  readonly #sleeper: Sleeper;
  #session: WriterSession<D, A> | undefined;
  #opening: Promise<void> | undefined;
  #reason: string | undefined = 'not started';
  #leaving: Promise<void> | undefined;

  constructor(options: OutboxOptions<D, A>) {
    const context: Context<D, A> = {
      ...options,
      observer: options.observer ?? {},
      settings: { ...DEFAULT_SETTINGS, ...options.settings },
      policies: { ...DEFAULT_POLICIES, ...options.policies },
    };
    const { clock, settings } = context;
    this.#context = context;
    this.#sleeper = new Sleeper(clock);
    this.#watchers = new Watchers(settings.watches);
    this.#queue = new RequestQueue(clock, settings);
    this.#commit = new GroupCommit(context, this.#queue, this.#deletions, () => this.#current());
    const move = (ids: readonly string[]): Promise<boolean> => this.#commit.rewrite(ids);
    this.#enlist = new OrphanIndexer(settings, move);
    this.#recorder = new ReplyRecorder(context, {
      known: (id) => this.#session?.relay.entries.get(id)?.seen,
      recorded: (documents) => this.#observed(documents),
    });
    this.#adopt = new OrphanTakeover(context, this.#deletions, () => this.#session?.writer.name, move);
  }

  get ready(): boolean {
    return this.#session !== undefined && this.#leaving === undefined;
  }

  state(): OutboxState {
    const writer = this.#session?.writer.name;
    return {
      ready: this.ready,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(writer === undefined ? {} : { writer }),
    };
  }

  async start(): Promise<void> {
    this.#reason = 'starting';
    await this.#untilDone(() => selfTest(this.#context.store, freshName(this.#context.random)));
    await this.#open();
    if (this.#sleeper.stopped) throw new Error('the outbox was told to leave before it was ready');
    this.#adopt.start();
  }

  store(document: D, deadlineMs: number): Promise<AcceptResult<D>> {
    if (this.#leaving !== undefined) return Promise.resolve({ outcome: 'unsent' });
    const open = this.#session?.writer.numbers.openIds ?? 0;
    if (open >= this.#context.settings.maxOpen) return Promise.resolve({ outcome: 'full' });
    const accepted = this.#queue.enqueue(document, deadlineMs);
    if (this.#session !== undefined) this.#commit.wake();
    return accepted;
  }

  record(entries: readonly { readonly id: string; readonly reply: A }[]): Promise<readonly RecordResult<D>[]> {
    return Promise.all(entries.map(({ id, reply: answer }) => this.#recorder.record(id, answer)));
  }

  async read(id: string): Promise<D | undefined> {
    return (await this.readAll([id])).get(id);
  }

  async readAll(ids: readonly string[]): Promise<ReadonlyMap<string, D>> {
    const found = new Map<string, D>();
    for (const [id, { document }] of await this.#find(ids)) {
      this.#enlistIfOld(document);
      found.set(id, document);
    }
    return found;
  }

  watch(id: string, listener: (document: D) => void): () => void {
    return this.#watchers.add(id, listener);
  }

  parked(): readonly ParkedDocument[] {
    return this.#session?.relay.stuck.list() ?? [];
  }

  async retry(id: string): Promise<'retried' | 'done' | 'missing' | 'full'> {
    const relay = this.#session?.relay;
    const asOf = relay?.tick() ?? 0;
    const seen = (await this.#find([id])).get(id);
    if (seen === undefined) return 'missing';
    if (this.#context.handler.pendingChannels(seen.document).length === 0) return 'done';
    if (relay === undefined || !relay.hasRoom) return 'full';
    relay.retry(seen, asOf);
    relay.flush();
    // By hand or not: it must be found again if this process dies now.
    this.#enlist.add(id);
    return 'retried';
  }

  stats(): OutboxStats {
    const session = this.#session;
    const relay = session?.relay;
    const numbers = session?.writer.numbers;
    const channels: Record<string, { inFlight: number; blocked: number; sent: number }> = {};
    let inFlight = 0;
    for (const [name, channel] of relay?.channels ?? []) {
      channels[name] = { inFlight: channel.inFlight, blocked: channel.blocked, sent: channel.sent };
      inFlight += channel.inFlight;
    }
    const loaded = (relay?.entries.size ?? 0) + (relay?.segments.size ?? 0) + (relay?.stuck.size ?? 0);
    return {
      ready: this.ready,
      writer: session?.writer.name,
      queued: this.#queue.requests,
      queuedSize: this.#queue.size,
      open: numbers?.openIds ?? 0,
      low: numbers?.low ?? 0,
      next: numbers?.next ?? 0,
      limit: session?.writer.limit ?? 0,
      pendingDeletions: this.#deletions.size,
      entries: loaded + (session?.loader.cachedIds ?? 0),
      blocked: relay?.blocked ?? 0,
      inFlight,
      channels,
      parked: relay?.stuck.size ?? 0,
      otherWriters: this.#adopt.otherWriters,
      takenOver: this.#adopt.takenOver,
    };
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    this.#reason = 'leaving';
    this.#adopt.stop();
    if (this.#session !== undefined) await this.#drained();
    const session = this.#session;
    this.#sleeper.stop();
    this.#commit.stop();
    this.#queue.close();
    session?.stop();
    // If it can't be said, the others find out by themselves.
    await session?.writer.leave().catch((error: unknown) => this.#event('leave-failed', error));
    this.#session = undefined;
  }

  /** The queue is empty, or patience is at its end. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#context.clock.setTimer(this.#context.settings.leaveMs, resolve);
      void this.#commit.drained().then(() => {
        cancel();
        resolve();
      });
    });
  }

  async #find(ids: readonly string[]): Promise<ReadonlyMap<string, StoredDocument<D>>> {
    const found = new Map<string, StoredDocument<D>>();
    for (const [id, seen] of await readDocuments(this.#context, ids)) {
      if (seen === 'unreadable') throw new Error(`document ${id} is of a version this code does not read`);
      if (seen !== 'absent') found.set(id, seen);
    }
    return found;
  }

  #enlistIfOld(document: D): void {
    const { handler, policies, settings, clock } = this.#context;
    const facts = { open: handler.pendingChannels(document).length > 0, ageMs: clock.wall() - document.createdAt };
    const known = this.#session?.relay.entries.has(document.id) || this.#session?.relay.stuck.isResting(document.id);
    if (this.ready && !known && policies.indexesOrphan(facts, settings)) this.#enlist.add(document.id);
  }

  #observed(documents: readonly StoredDocument<D>[]): void {
    this.#session?.observe(documents);
    for (const { document } of documents) this.#watchers.notify(document);
  }

  /** The session to write under, as soon as there is a young one. Undefined when the outbox has stopped. */
  async #current(): Promise<WriterSession<D, A> | undefined> {
    while (!this.#sleeper.stopped) {
      const session = this.#session;
      if (session !== undefined && !session.writer.isExpired) return session;
      await this.#reopen('was not confirmed for too long');
    }
    return undefined;
  }

  #reopen(why: string): Promise<void> {
    this.#opening ??= this.#open(why).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Registers a new name, and works under it from then on. What the old one leaves behind is adopted like any other. */
  async #open(why = ''): Promise<void> {
    this.#session?.stop();
    if (this.#session !== undefined) {
      this.#event('renamed', `${this.#session.writer.name} ${why}`);
      this.#reason = 'registering under a new name';
    }
    this.#session = undefined;
    const writer = new Writer(this.#context, freshName(this.#context.random));
    await this.#untilDone(() => writer.register());
    if (this.#sleeper.stopped) return;
    const session = new WriterSession(this.#context, this.#sessionOwner(), writer);
    this.#session = session;
    if (this.#leaving === undefined) this.#reason = undefined;
    session.start();
    // For what has come while there was no name to write it under.
    this.#commit.wake();
    this.#event('registered', writer.name);
  }

  #sessionOwner(): ConstructorParameters<typeof WriterSession<D, A>>[1] {
    return {
      deletions: this.#deletions,
      move: (ids) => this.#commit.rewrite(ids),
      overdue: (id, answer) => {
        this.#recorder.record(id, answer).catch((error: unknown) => this.#event('overdue-failed', error));
      },
      changed: (document) => this.#watchers.notify(document),
      rename: (why) => {
        this.#reopen(why).catch((error: unknown) => this.#event('registering-failed', error));
      },
    };
  }

  /** Repeats what the store does not do yet, until it does or the outbox stops. Rejects when the store is unfit. */
  async #untilDone(step: () => Promise<void>): Promise<void> {
    const { startBackoffMs, startBackoffMaxMs } = this.#context.settings;
    for (let ms = startBackoffMs; !this.#sleeper.stopped; ms = Math.min(2 * ms, startBackoffMaxMs)) {
      try {
        return await step();
      } catch (error) {
        this.#reason = reasonOf(error);
        if (error instanceof UnsupportedStoreError) throw error;
        this.#event('waiting-for-store', error);
      }
      await this.#sleeper.sleep(ms);
    }
  }

  #event(name: string, about: unknown): void {
    this.#context.observer.event?.(name, { about: reasonOf(about) });
  }
}
