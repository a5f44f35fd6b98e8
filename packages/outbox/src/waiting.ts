import type { WaitingCommand, WaitingDocument, WaitingReport } from './api.ts';
import type { Clock, OutboxDocument } from './ports.ts';
import type { Command } from './relay/open-document.ts';
import type { Relay } from './relay/relay.ts';

interface ChannelSummary {
  inFlight: number;
  blocked: number;
  parked: number;
  oldest: number;
  attempts: number;
  nextAttempt: number;
}

const emptySummary = (): ChannelSummary => ({
  inFlight: 0,
  blocked: 0,
  parked: 0,
  oldest: Number.POSITIVE_INFINITY,
  attempts: 0,
  nextAttempt: Number.POSITIVE_INFINITY,
});

/** The documents that wait for replies, as far as they are in memory. `documents` holds the oldest, at most `maxDocuments`. */
export const waitingOf = <D extends OutboxDocument, A>(
  clock: Clock,
  session: { readonly relay: Relay<D, A>; readonly stored: number } | undefined,
  maxDocuments: number,
): WaitingReport => {
  if (session === undefined) return { stored: 0, loaded: 0, channels: [], documents: [] };
  const documents = documentsOf(session.relay);
  const offset = clock.wall() - clock.monotonic();
  const wall = (at: number | undefined) =>
    at !== undefined && Number.isFinite(at) ? { nextAttempt: at + offset } : {};
  const channels = [...summariesOf(session.relay, documents)].map(([channel, { oldest, nextAttempt, ...counts }]) => ({
    channel,
    ...counts,
    ...(Number.isFinite(oldest) ? { oldest } : {}),
    ...wall(nextAttempt),
  }));
  const oldest = maxDocuments > 0 ? documents.sort((a, b) => a.createdAt - b.createdAt).slice(0, maxDocuments) : [];
  return {
    stored: session.stored,
    loaded: documents.length,
    channels,
    documents: oldest.map(({ commands, ...document }) => ({
      ...document,
      commands: commands.map(({ nextAttempt, ...command }) => ({ ...command, ...wall(nextAttempt) })),
    })),
  };
};

/** Every waiting document once. The times of attempts are on the monotonic clock. */
const documentsOf = <D extends OutboxDocument, A>(relay: Relay<D, A>): WaitingDocument[] => {
  const documents: WaitingDocument[] = [];
  for (const [id, { createdAt, commands }] of relay.entries)
    documents.push({ id, createdAt, commands: commands.map((command) => waitingCommand(relay, command)) });
  for (const [id, { createdAt, channels, attempts, retryAt }] of relay.parked) {
    if (relay.entries.has(id)) continue;
    const commands = channels.map((channel) => ({ channel, state: 'parked' as const, attempts, nextAttempt: retryAt }));
    documents.push({ id, createdAt, commands });
  }
  return documents;
};

const waitingCommand = <D extends OutboxDocument, A>(relay: Relay<D, A>, command: Command<D>): WaitingCommand => {
  const { channel, state, entry } = command;
  if (state === 'parked')
    return { channel, state, attempts: command.failedAttempts, ...optional(relay.parked.retryAt(entry.id)) };
  if (state === 'blocked') return { channel, state, attempts: command.sends };
  const nextAttempt = relay.channels.get(channel)?.window(entry.lane).probeAt;
  return { channel, state: 'in-flight', attempts: command.sends, ...optional(nextAttempt) };
};

const optional = (nextAttempt: number | undefined) => (nextAttempt === undefined ? {} : { nextAttempt });

const summariesOf = <D extends OutboxDocument, A>(
  relay: Relay<D, A>,
  documents: readonly WaitingDocument[],
): ReadonlyMap<string, ChannelSummary> => {
  const summaries = new Map<string, ChannelSummary>();
  // Also a channel without a waiting document, so that its metrics return to 0.
  for (const [name, { probeAt }] of relay.channels) summaries.set(name, { ...emptySummary(), nextAttempt: probeAt });
  for (const { createdAt, commands } of documents) {
    for (const { channel, state, attempts, nextAttempt = Number.POSITIVE_INFINITY } of commands) {
      const summary = summaries.get(channel) ?? emptySummary();
      summaries.set(channel, summary);
      summary[state === 'in-flight' ? 'inFlight' : state]++;
      summary.oldest = Math.min(summary.oldest, createdAt);
      summary.attempts = Math.max(summary.attempts, attempts);
      if (state === 'parked') summary.nextAttempt = Math.min(summary.nextAttempt, nextAttempt);
    }
  }
  return summaries;
};
