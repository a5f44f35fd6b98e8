import type {
  Outbox,
  OutboxOptions,
  OutboxState,
  OutboxStats,
  ParkedDocument,
  RecordResult,
  StoreResult,
  WaitingReport,
} from './api.ts';
import { DeletionQueue } from './commit/deletion-queue.ts';
import { GroupCommit } from './commit/group-commit.ts';
import { RequestQueue } from './commit/request-queue.ts';
import type { Context } from './context.ts';
import { EntryReader } from './entry-reader.ts';
import { OrphanTakeover } from './membership/takeover.ts';
import { Writer } from './membership/writer.ts';
import { DEFAULT_POLICIES } from './policies.ts';
import type { OutboxDocument } from './ports.ts';
import { OrphanIndexer } from './recovery/orphan-indexer.ts';
import type { CommitSegment } from './recovery/segment-rewriter.ts';
import { ReplyRecorder } from './replies/reply-recorder.ts';
import { ExpiryWriter } from './retention/expiry-writer.ts';
import { selfTest, UnsupportedStoreError } from './self-test.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import { statsOf } from './stats.ts';
import { readDocuments, type StoredDocument } from './stored-documents.ts';
import { reasonOf } from './util/errors.ts';
import { Sleeper } from './util/loop.ts';
import { randomName } from './util/random-name.ts';
import { SECOND } from './util/time.ts';
import { waitingOf } from './waiting.ts';
import { DocumentWatchers } from './watchers.ts';
import { WriterSession, type WriterSessionOwner } from './writer-session.ts';

/** Delay before the store is tried again during a start, in milliseconds. It doubles up to the maximum. */
const START_BACKOFF_MS = 100;
const START_BACKOFF_MAX_MS = 5 * SECOND;
/** Maximum time that `leave` waits for replies, and again for queued requests: together less than a service has for its stop. */
const LEAVE_MS = 10 * SECOND;
/** Maximum number of listeners of documents. */
const MAX_WATCHERS = 10_000;

/** Creates an outbox over the given ports. It does nothing before `start`. */
export const createOutbox = <D extends OutboxDocument, A>(options: OutboxOptions<D, A>): Outbox<D, A> =>
  new DefaultOutbox<D, A>(options);

/** Connects the classes of the outbox, and replaces the writer session when its name expires. */
class DefaultOutbox<D extends OutboxDocument, A> implements Outbox<D, A> {
  readonly #context: Context<D, A>;
  readonly #queue: RequestQueue<D>;
  readonly #deletions = new DeletionQueue(() => this.#commit.wake());
  readonly #commit: GroupCommit<D, A>;
  readonly #commitSegment: CommitSegment = (ids) => this.#commit.rewrite(ids);
  readonly #recorder: ReplyRecorder<D, A>;
  readonly #expiry: ExpiryWriter<D, A>;
  readonly #takeover: OrphanTakeover<D, A>;
  readonly #orphans: OrphanIndexer;
  readonly #watchers = new DocumentWatchers<D>(MAX_WATCHERS);
  readonly #sleeper: Sleeper;
  #session: WriterSession<D, A> | undefined;
  #opening: Promise<void> | undefined;
  #reason: string | undefined = 'not started';
  #leaving: Promise<void> | undefined;

  constructor(options: OutboxOptions<D, A>) {
    const observer = options.observer ?? {};
    const context: Context<D, A> = {
      ...options,
      observer,
      entryReader: new EntryReader(options.store, options.clock, observer),
      messageGroupOf: options.messageGroupOf ?? (() => undefined),
      settings: { ...DEFAULT_SETTINGS, ...options.settings },
      policies: { ...DEFAULT_POLICIES, ...options.policies },
    };
    const { clock, settings } = context;
    this.#context = context;
    this.#sleeper = new Sleeper(clock);
    this.#queue = new RequestQueue(clock, settings);
    this.#commit = new GroupCommit(context, this.#queue, this.#deletions, () => this.#currentSession());
    this.#orphans = new OrphanIndexer(settings, this.#commitSegment);
    this.#recorder = new ReplyRecorder(context, {
      known: (id) => this.#session?.relay.entries.get(id)?.stored,
      recorded: (documents) => this.#onRecorded(documents),
      completedUnclearly: (document) => this.#expiry.add(document),
    });
    this.#expiry = new ExpiryWriter(context);
    this.#takeover = new OrphanTakeover(
      context,
      this.#deletions,
      () => this.#session?.writer.name,
      this.#commitSegment,
    );
  }

  get ready(): boolean {
    return this.#session !== undefined && this.#leaving === undefined;
  }

  state(): OutboxState {
    const writer = this.#session?.writer.name;
    return {
      ready: this.ready,
      refusesWrites: this.#commit.refusesWrites,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(writer === undefined ? {} : { writer }),
    };
  }

  async start(): Promise<void> {
    this.#reason = 'starting';
    await this.#retryUntilDone(() => selfTest(this.#context.store, randomName(this.#context.random)));
    await this.#openSession();
    if (this.#sleeper.stopped) throw new Error('the outbox left before it was ready');
    this.#takeover.start();
  }

  store(document: D, deadlineMs: number): Promise<StoreResult<D>> {
    if (this.#leaving !== undefined) return Promise.resolve({ outcome: 'unsent' });
    const open = this.#session?.writer.numbers.openIds ?? 0;
    if (open >= this.#context.settings.maxOpen) return Promise.resolve({ outcome: 'full' });
    if (this.#commit.refusesWrites) return Promise.resolve({ outcome: 'unwritable' });
    const result = this.#queue.enqueue(document, deadlineMs);
    if (this.#session !== undefined) this.#commit.wake();
    return result;
  }

  record(entries: readonly { readonly id: string; readonly reply: A }[]): Promise<readonly RecordResult<D>[]> {
    return Promise.all(entries.map(({ id, reply }) => this.#recorder.record(id, reply)));
  }

  async read(id: string): Promise<D | undefined> {
    return (await this.readAll([id])).get(id);
  }

  async readAll(ids: readonly string[]): Promise<ReadonlyMap<string, D>> {
    const found = new Map<string, D>();
    for (const [id, { document }] of await this.#find(ids)) {
      this.#indexIfOrphan(document);
      found.set(id, document);
    }
    return found;
  }

  watch(id: string, listener: (document: D) => void): () => void {
    return this.#watchers.add(id, listener);
  }

  parked(): readonly ParkedDocument[] {
    return this.#session?.relay.parked.list() ?? [];
  }

  waiting(maxDocuments: number): WaitingReport {
    const session = this.#session;
    const waiting = session && { relay: session.relay, stored: session.writer.numbers.openIds };
    return waitingOf(this.#context.clock, waiting, maxDocuments);
  }

  async retry(id: string): Promise<'retried' | 'done' | 'missing' | 'full'> {
    const relay = this.#session?.relay;
    const observedAt = relay?.tick() ?? 0;
    const stored = (await this.#find([id])).get(id);
    if (stored === undefined) return 'missing';
    if (this.#context.handler.pendingChannels(stored.document).length === 0) return 'done';
    if (relay === undefined || !relay.hasRoom) return 'full';
    relay.retry(stored, observedAt);
    relay.flush();
    // The document needs a segment, because this process may stop before it is complete.
    this.#orphans.add(stored.document);
    return 'retried';
  }

  stats(): OutboxStats {
    return statsOf(this.ready, this.#session, this.#commit.refusesWrites, this.#queue, this.#deletions, this.#takeover);
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    this.#reason = 'leaving';
    this.#takeover.stop();
    // The queue is drained last: a request that arrives afterwards is never sent.
    await this.#withinLeaveTime(this.#recorder.flush());
    if (this.#session !== undefined) await this.#withinLeaveTime(this.#commit.drained());
    const session = this.#session;
    this.#sleeper.stop();
    this.#commit.stop();
    this.#queue.close();
    session?.stop();
    this.#expiry.stop();
    // If the record cannot be written, other writers detect the stopped heartbeat.
    await session?.writer.leave().catch((error: unknown) => this.#event('leave-failed', error));
    this.#session = undefined;
  }

  /** Resolves with `work`, or after `LEAVE_MS`. */
  #withinLeaveTime(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#context.clock.setTimer(LEAVE_MS, resolve);
      void work.then(() => {
        cancel();
        resolve();
      });
    });
  }

  async #find(ids: readonly string[]): Promise<ReadonlyMap<string, StoredDocument<D>>> {
    const found = new Map<string, StoredDocument<D>>();
    for (const [id, stored] of await readDocuments(this.#context, ids)) {
      if (stored === 'unreadable') throw new Error(`document ${id} has a version that this code cannot read`);
      if (stored !== 'absent') found.set(id, stored);
    }
    return found;
  }

  #indexIfOrphan(document: D): void {
    const { handler, policies, settings, clock } = this.#context;
    const facts = { open: handler.pendingChannels(document).length > 0, ageMs: clock.wall() - document.createdAt };
    const relay = this.#session?.relay;
    const known = relay?.entries.has(document.id) || relay?.parked.isResting(document.id);
    if (this.ready && !known && policies.indexesOrphan(facts, settings)) this.#orphans.add(document);
  }

  #onRecorded(documents: readonly StoredDocument<D>[]): void {
    this.#session?.observe(documents);
    for (const { document } of documents) this.#watchers.notify(document);
  }

  /** The session to write under, once there is one that is not expired. Undefined when the outbox has stopped. */
  async #currentSession(): Promise<WriterSession<D, A> | undefined> {
    while (!this.#sleeper.stopped) {
      const session = this.#session;
      if (session !== undefined && !session.writer.isExpired) return session;
      await this.#replaceSession('expired: its heartbeat was not confirmed in time');
    }
    return undefined;
  }

  #replaceSession(reason: string): Promise<void> {
    this.#opening ??= this.#openSession(reason).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Registers a new writer name and uses it from then on. The segments of the old name are taken over like any others. */
  async #openSession(reason = ''): Promise<void> {
    this.#session?.stop();
    if (this.#session !== undefined) {
      this.#event('renamed', `${this.#session.writer.name} ${reason}`);
      this.#reason = 'registering under a new name';
    }
    this.#session = undefined;
    const writer = new Writer(this.#context, randomName(this.#context.random));
    await this.#retryUntilDone(() => writer.register());
    if (this.#sleeper.stopped) return;
    const session = new WriterSession(this.#context, this.#sessionOwner(), writer);
    this.#session = session;
    if (this.#leaving === undefined) this.#reason = undefined;
    session.start();
    // For documents that were queued while there was no session.
    this.#commit.wake();
    this.#event('registered', writer.name);
  }

  #sessionOwner(): WriterSessionOwner<D, A> {
    return {
      deletions: this.#deletions,
      commitSegment: this.#commitSegment,
      inserted: (document) => this.#expiry.add(document),
      timedOut: (id, reply) => {
        this.#recorder.record(id, reply).catch((error: unknown) => this.#event('timeout-failed', error));
      },
      changed: (document) => this.#watchers.notify(document),
      replaceWriter: (reason) => {
        this.#replaceSession(reason).catch((error: unknown) => this.#event('registration-failed', error));
      },
    };
  }

  /** Repeats a step until the store allows it or the outbox stops. Rejects when the store is not supported. */
  async #retryUntilDone(step: () => Promise<void>): Promise<void> {
    for (let ms = START_BACKOFF_MS; !this.#sleeper.stopped; ms = Math.min(2 * ms, START_BACKOFF_MAX_MS)) {
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
