import { expect, test } from 'vitest';
import { atRest, contextFor, MemoryStore, manualClock } from '../../test/parts.ts';
import type { DocumentHandler, OutboxDocument, OutgoingCommand } from '../ports.ts';
import { SECOND } from '../util/time.ts';
import { SEND_BACKOFF_MAX_MS } from './channel.ts';
import { Relay } from './relay.ts';

const handler: DocumentHandler<OutboxDocument, never> = {
  parse: (value) => value as OutboxDocument,
  pendingChannels: () => ['consumer'],
  acknowledged: () => [],
  apply: () => ({ ignored: 'never' }),
  onTimeout: () => undefined,
};

const documentOf = (id: string): OutboxDocument => ({ id, nonce: id, fingerprint: id, createdAt: 0 });

/** A relay with documents to send, and a broker that accepts what `accepts` returns true for. */
function setUp(ids: readonly string[]) {
  const clock = manualClock();
  const broker = { accepts: (_: string): boolean => false };
  const batches: OutgoingCommand<OutboxDocument>[][] = [];
  const context = {
    ...contextFor(handler, new MemoryStore(), clock),
    transport: {
      send: async (batch: readonly OutgoingCommand<OutboxDocument>[]) => {
        batches.push([...batch]);
        return batch.map(({ document }) => broker.accepts(document.id));
      },
    },
  };
  const owner = { writer: 'w', segmentDone: () => {}, timedOut: () => {}, poll: () => {}, load: () => {} };
  const relay = new Relay(context, owner);
  const add = () => {
    for (const id of ids) relay.add({ document: documentOf(id), etag: '1' }, relay.tick());
    relay.flush();
    return atRest();
  };
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.go(100);
      await atRest();
    }
  }
  const accepted = () => new Set(batches.flat().flatMap(({ document: { id } }) => (broker.accepts(id) ? [id] : [])));
  return { broker, batches, add, pass, accepted };
}

const many = Array.from({ length: 300 }, (_, i) => `x${i}`);

test('all commands are sent within a second after the broker returns, however long it refused them', async () => {
  const { broker, batches, add, pass } = setUp(many);
  await add();
  await pass(60 * SECOND);
  broker.accepts = () => true;
  const refused = batches.length;
  await pass(SEND_BACKOFF_MAX_MS);
  expect(SEND_BACKOFF_MAX_MS).toBeLessThanOrEqual(SECOND);
  expect(new Set(batches.slice(refused).flatMap((batch) => batch.map(({ document }) => document.id))).size).toBe(300);
});

test('a broker that refuses everything is probed with small batches', async () => {
  const { batches, add, pass } = setUp(many);
  await add();
  await pass(60 * SECOND);
  const sizes = batches.map(({ length }) => length);
  expect(sizes[0]).toBe(300);
  expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(64);
});

test('commands that the broker always refuses do not keep others from being sent', async () => {
  const { broker, add, pass, accepted } = setUp(many);
  await add();
  broker.accepts = (id) => id === 'x299';
  await pass(60 * SECOND);
  expect(accepted()).toContain('x299');
});
