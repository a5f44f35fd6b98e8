import type { Deletions } from './commit/deletion-queue.ts';
import { type Context, reasonOf } from './context.ts';
import type { Writer } from './membership/writer.ts';
import type { OutboxDocument } from './ports.ts';
import { Carry } from './recovery/compactor.ts';
import type { Seen } from './recovery/segment-scan.ts';
import type { LoadedSegment } from './relay/channel.ts';
import { Look } from './relay/in-flight-poller.ts';
import { Relay } from './relay/relay.ts';
import { Cursor } from './relay/segment-loader.ts';
import { segmentKey } from './storage-format.ts';
import { Loop } from './util/loop.ts';

/** What a session needs of the outbox. */
export interface SessionOwner<D, A> {
  readonly deletions: Deletions;
  move(ids: readonly string[]): Promise<boolean>;
  overdue(id: string, answer: A): void;
  changed(document: D): void;
  /** The name is not to be used any more. */
  rename(why: string): void;
}

/** Everything that lives and dies with one writer's name. */
export class Session<D extends OutboxDocument, A> {
  readonly writer: Writer<D, A>;
  readonly relay: Relay<D, A>;
  readonly cursor: Cursor<D, A>;
  readonly #context: Context<D, A>;
  readonly #owner: SessionOwner<D, A>;
  readonly #look: Look<D, A>;
  readonly #carry: Carry<D, A>;
  readonly #beats: Loop;
  #listedAt: number;

  constructor(context: Context<D, A>, owner: SessionOwner<D, A>, writer: Writer<D, A>) {
    this.#context = context;
    this.#owner = owner;
    this.writer = writer;
    this.#listedAt = context.clock.monotonic();
    const overdue = (id: string, answer: A): void => owner.overdue(id, answer);
    this.relay = new Relay<D, A>(context, {
      writer: writer.name,
      finished: (segment) => this.#finished(segment),
      overdue,
      look: () => this.#look.wake(),
      load: () => this.cursor.wake(),
    });
    this.#look = new Look(context, this.relay, (document) => owner.changed(document), overdue);
    this.cursor = new Cursor(context, writer.name, writer.range, this.relay);
    this.#carry = new Carry(context, writer, this.relay, owner.deletions, (ids) => owner.move(ids));
    this.#beats = new Loop(
      context.clock,
      () => this.#beat(),
      (error) => context.observer.event?.('beat-failed', { reason: reasonOf(error) }),
    );
  }

  start(): void {
    this.#beats.wake();
    this.cursor.start();
    this.#carry.start();
  }

  stop(): void {
    this.#beats.stop();
    this.#carry.stop();
    this.cursor.stop();
    this.#look.stop();
    this.relay.stop();
  }

  beat(): void {
    this.#beats.wake();
  }

  committed(n: number, ids: readonly string[], documents: readonly (Seen<D> | undefined)[]): void {
    this.writer.range.named += ids.length;
    this.cursor.committed(n, ids, documents);
    this.relay.flush();
  }

  /** Documents as this process has just recorded them. */
  observe(documents: readonly Seen<D>[]): void {
    const asOf = this.relay.mark();
    for (const document of documents) this.relay.observe(document, asOf);
    this.relay.flush();
  }

  async #beat(): Promise<number> {
    const { clock, settings, observer } = this.#context;
    if (this.writer.tooOld) {
      this.#owner.rename('was not confirmed for too long');
      return settings.beatMs;
    }
    await this.writer.beat();
    if (this.writer.doubtful) this.#owner.rename('has given up what may still land');
    if (clock.monotonic() - this.#listedAt >= settings.directoryMs) {
      if (await this.writer.ensureListed()) observer.event?.('listed-again', { writer: this.writer.name });
      this.#listedAt = clock.monotonic();
    }
    return settings.beatMs;
  }

  #finished({ n, size }: LoadedSegment): void {
    const { name, range } = this.writer;
    range.deleting(n);
    this.#owner.deletions.add(segmentKey(name, n), () => range.deleted(n, size));
  }
}
