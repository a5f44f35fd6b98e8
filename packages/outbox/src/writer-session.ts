import type { DeletionQueue } from './commit/deletion-queue.ts';
import type { CommitTarget } from './commit/group-commit.ts';
import { type Context, createLoop } from './context.ts';
import type { Writer } from './membership/writer.ts';
import type { OutboxDocument } from './ports.ts';
import { SegmentCompactor } from './recovery/compactor.ts';
import type { CommitSegment } from './recovery/segment-rewriter.ts';
import { InFlightPoller } from './relay/in-flight-poller.ts';
import type { LoadedSegment } from './relay/open-document.ts';
import { Relay } from './relay/relay.ts';
import { SegmentLoader } from './relay/segment-loader.ts';
import { segmentKey } from './storage-format.ts';
import type { StoredDocument } from './stored-documents.ts';
import type { Loop } from './util/loop.ts';
import { SECOND } from './util/time.ts';

/** Time between two heartbeats. */
export const HEARTBEAT_MS = 2 * SECOND;
/** Time between two checks that the registry still contains the name. */
const REGISTRY_CHECK_MS = 10 * SECOND;

/** The parts of the outbox that a session uses. */
export interface WriterSessionOwner<D, A> {
  readonly deletions: DeletionQueue;
  readonly commitSegment: CommitSegment;
  /** A commit of this session has inserted the document. */
  inserted(document: D): void;
  /** A deadline of a document has passed; `reply` has to be recorded. */
  timedOut(id: string, reply: A): void;
  /** A document has changed. */
  changed(document: D): void;
  /** The name must not be used any longer. */
  replaceWriter(reason: string): void;
}

/** All objects that live as long as one writer name: its heartbeat, relay, segment loader, poller and compactor. */
export class WriterSession<D extends OutboxDocument, A> implements CommitTarget<D, A> {
  readonly writer: Writer<D, A>;
  readonly relay: Relay<D, A>;
  readonly loader: SegmentLoader<D, A>;
  readonly #context: Context<D, A>;
  readonly #owner: WriterSessionOwner<D, A>;
  readonly #poller: InFlightPoller<D, A>;
  readonly #compactor: SegmentCompactor<D, A>;
  readonly #heartbeats: Loop;
  #registryCheckedAt: number;

  constructor(context: Context<D, A>, owner: WriterSessionOwner<D, A>, writer: Writer<D, A>) {
    this.#context = context;
    this.#owner = owner;
    this.writer = writer;
    this.#registryCheckedAt = context.clock.monotonic();
    this.relay = new Relay<D, A>(context, {
      writer: writer.name,
      segmentDone: (segment) => this.#deleteSegment(segment),
      timedOut: (id, reply) => owner.timedOut(id, reply),
      poll: () => this.#poller.wake(),
      load: () => this.loader.wake(),
    });
    this.#poller = new InFlightPoller(context, this.relay, owner);
    this.loader = new SegmentLoader(context, writer.name, writer.numbers, this.relay);
    this.#compactor = new SegmentCompactor(context, writer, this.relay, owner.deletions, owner.commitSegment);
    this.#heartbeats = createLoop(context, 'heartbeat-failed', () => this.#beat());
  }

  start(): void {
    this.#heartbeats.wake();
    this.loader.start();
    this.#compactor.start();
  }

  stop(): void {
    this.#heartbeats.stop();
    this.#compactor.stop();
    this.loader.stop();
    this.#poller.stop();
    this.relay.stop();
  }

  requestHeartbeat(): void {
    this.#heartbeats.wake();
  }

  committed(n: number, ids: readonly string[], documents: readonly (StoredDocument<D> | undefined)[]): void {
    this.writer.numbers.openIds += ids.length;
    this.loader.committed(n, ids, documents);
    this.relay.flush();
  }

  inserted(document: D): void {
    this.#owner.inserted(document);
  }

  /** Passes documents that this process has just written to the relay. */
  observe(documents: readonly StoredDocument<D>[]): void {
    const observedAt = this.relay.tick();
    for (const document of documents) this.relay.observe(document, observedAt);
    this.relay.flush();
  }

  async #beat(): Promise<number> {
    const { clock, observer } = this.#context;
    if (this.writer.isExpired) {
      this.#owner.replaceWriter('expired: its heartbeat was not confirmed in time');
      return HEARTBEAT_MS;
    }
    await this.writer.beat();
    if (this.writer.mustBeReplaced) this.#owner.replaceWriter('has given up transactions that may still be applied');
    if (clock.monotonic() - this.#registryCheckedAt >= REGISTRY_CHECK_MS) {
      if (await this.writer.ensureRegistered()) observer.event?.('registered-again', { writer: this.writer.name });
      this.#registryCheckedAt = clock.monotonic();
    }
    return HEARTBEAT_MS;
  }

  #deleteSegment({ n, size }: LoadedSegment): void {
    const { name, numbers } = this.writer;
    numbers.markDeleting(n);
    this.#owner.deletions.add(segmentKey(name, n), () => numbers.markDeleted(n, size));
  }
}
