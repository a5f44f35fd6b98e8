import { expect, test } from 'vitest';
import { AT_START, atRest, contextFor, MemoryStore, manualClock } from '../../test/parts.ts';
import type { DocumentHandler, OutboxDocument } from '../ports.ts';
import { InFlightPoller } from './in-flight-poller.ts';
import { POLL_MS } from './open-document.ts';
import { Relay } from './relay.ts';

interface TwoSteps extends OutboxDocument {
  readonly pending: readonly string[];
}

const handler: DocumentHandler<TwoSteps, never> = {
  parse: (value) => value as TwoSteps,
  pendingChannels: ({ pending }) => pending,
  acknowledged: () => [],
  apply: () => ({ ignored: 'never' }),
  onTimeout: () => undefined,
};
const documentWith = (...pending: readonly string[]) => ({
  document: { id: 'x', nonce: 'x', fingerprint: 'x', createdAt: 0, pending },
  etag: '1',
  asOf: AT_START,
});

test('reads a document in flight only when it was neither read nor written for the time of a poll', async () => {
  const clock = manualClock();
  const store = new MemoryStore();
  const context = contextFor(handler, store, clock);
  const owner = { writer: 'w', segmentDone: () => {}, timedOut: () => {}, poll: () => poller.wake(), load: () => {} };
  const relay = new Relay(context, owner);
  const poller = new InFlightPoller(context, relay, { changed: () => {}, timedOut: () => {} });
  async function pass(ms: number): Promise<void> {
    clock.go(ms);
    poller.wake();
    await atRest();
  }

  relay.add(documentWith('one', 'two'), relay.tick());
  relay.flush();
  await pass(POLL_MS - 1);
  // A reply to the first command was recorded by this process.
  relay.observe(documentWith('two'), relay.tick());
  await pass(POLL_MS - 1);
  const beforeItsTime = store.reads;
  await pass(1);
  expect([beforeItsTime, store.reads]).toEqual([0, 1]);
  poller.stop();
});
