import type { OutboxStats } from './api.ts';
import type { DeletionQueue } from './commit/deletion-queue.ts';
import type { RequestQueue } from './commit/request-queue.ts';
import type { OrphanTakeover } from './membership/takeover.ts';
import type { OutboxDocument } from './ports.ts';
import type { WriterSession } from './writer-session.ts';

/** Collects the statistics of an outbox. Without a session the values of the writer and its relay are 0. */
export const statsOf = <D extends OutboxDocument, A>(
  ready: boolean,
  session: WriterSession<D, A> | undefined,
  refusesWrites: boolean,
  queue: RequestQueue<D>,
  deletions: DeletionQueue,
  takeover: OrphanTakeover<D, A>,
): OutboxStats => {
  const relay = session?.relay;
  const numbers = session?.writer.numbers;
  const channels: Record<string, { inFlight: number; blocked: number; sent: number }> = {};
  let inFlight = 0;
  for (const [name, channel] of relay?.channels ?? []) {
    channels[name] = { inFlight: channel.inFlight, blocked: channel.blocked, sent: channel.sent };
    inFlight += channel.inFlight;
  }
  const loaded = (relay?.entries.size ?? 0) + (relay?.segments.size ?? 0) + (relay?.parked.size ?? 0);
  return {
    ready,
    writer: session?.writer.name,
    refusesWrites,
    queued: queue.requests,
    queuedSize: queue.size,
    open: numbers?.openIds ?? 0,
    low: numbers?.low ?? 0,
    next: numbers?.next ?? 0,
    limit: session?.writer.limit ?? 0,
    pendingDeletions: deletions.size,
    entries: loaded + (session?.loader.cachedIds ?? 0),
    blocked: relay?.blocked ?? 0,
    inFlight,
    channels,
    parked: relay?.parked.size ?? 0,
    otherWriters: takeover.otherWriters,
    takenOver: takeover.takenOver,
  };
};
