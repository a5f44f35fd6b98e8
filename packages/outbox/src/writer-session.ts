import type { DeletionQueue } from './commit/deletion-queue.ts';
import { type Context, reasonOf } from './context.ts';
import type { Writer } from './membership/writer.ts';
import type { OutboxDocument } from './ports.ts';
import { SegmentCompactor } from './recovery/compactor.ts';
import type { StoredDocument } from './recovery/segment-scan.ts';
import type { LoadedSegment } from './relay/channel.ts';
import { InFlightPoller } from './relay/in-flight-poller.ts';
import { Relay } from './relay/relay.ts';
import { SegmentLoader } from './relay/segment-loader.ts';
import { segmentKey } from './storage-format.ts';
import { Loop } from './util/loop.ts';

/** What a session needs of the outbox. */
export interface WriterSessionOwner<D, A> {
  readonly deletions: DeletionQueue;
  move(ids: readonly string[]): Promise<boolean>;
  overdue(id: string, answer: A): void;
  changed(document: D): void;
  /** The name is not to be used any more. */
  rename(why: string): void;
}

/** Everything that lives and dies with one writer's name. */
export class WriterSession<D extends OutboxDocument, A> {
  readonly writer: Writer<D, A>;
  readonly relay: Relay<D, A>;
  readonly loader: SegmentLoader<D, A>;
  readonly #context: Context<D, A>;
  readonly #owner: WriterSessionOwner<D, A>;
  readonly #look: InFlightPoller<D, A>;
  readonly #carry: SegmentCompactor<D, A>;
  readonly #beats: Loop;
  #listedAt: number;

  constructor(context: Context<D, A>, owner: WriterSessionOwner<D, A>, writer: Writer<D, A>) {
    this.#context = context;
    this.#owner = owner;
    this.writer = writer;
    this.#listedAt = context.clock.monotonic();
    const overdue = (id: string, answer: A): void => owner.overdue(id, answer);
    this.relay = new Relay<D, A>(context, {
      writer: writer.name,
      segmentDone: (segment) => this.#finished(segment),
      timedOut: overdue,
      poll: () => this.#look.wake(),
      load: () => this.loader.wake(),
    });
    this.#look = new InFlightPoller(context, this.relay, (document) => owner.changed(document), overdue);
    this.loader = new SegmentLoader(context, writer.name, writer.numbers, this.relay);
    this.#carry = new SegmentCompactor(context, writer, this.relay, owner.deletions, (ids) => owner.move(ids));
    this.#beats = new Loop(
      context.clock,
      () => this.#beat(),
      (error) => context.observer.event?.('beat-failed', { reason: reasonOf(error) }),
    );
  }

  start(): void {
    this.#beats.wake();
    this.loader.start();
    this.#carry.start();
  }

  stop(): void {
    this.#beats.stop();
    this.#carry.stop();
    this.loader.stop();
    this.#look.stop();
    this.relay.stop();
  }

  requestHeartbeat(): void {
    this.#beats.wake();
  }

  committed(n: number, ids: readonly string[], documents: readonly (StoredDocument<D> | undefined)[]): void {
    this.writer.numbers.openIds += ids.length;
    this.loader.committed(n, ids, documents);
    this.relay.flush();
  }

  /** Documents as this process has just recorded them. */
  observe(documents: readonly StoredDocument<D>[]): void {
    const asOf = this.relay.tick();
    for (const document of documents) this.relay.observe(document, asOf);
    this.relay.flush();
  }

  async #beat(): Promise<number> {
    const { clock, settings, observer } = this.#context;
    if (this.writer.isExpired) {
      this.#owner.rename('was not confirmed for too long');
      return settings.beatMs;
    }
    await this.writer.beat();
    if (this.writer.hasUncertain) this.#owner.rename('has given up what may still land');
    if (clock.monotonic() - this.#listedAt >= settings.registryMs) {
      if (await this.writer.ensureRegistered()) observer.event?.('listed-again', { writer: this.writer.name });
      this.#listedAt = clock.monotonic();
    }
    return settings.beatMs;
  }

  #finished({ n, size }: LoadedSegment): void {
    const { name, numbers } = this.writer;
    numbers.markDeleting(n);
    this.#owner.deletions.add(segmentKey(name, n), () => numbers.markDeleted(n, size));
  }
}
