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
function setUp() {
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
  const add = (...added: readonly string[]) => {
    for (const id of added) relay.add({ document: documentOf(id), etag: '1' }, relay.tick());
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
  const { broker, batches, add, pass } = setUp();
  await add(...many);
  await pass(60 * SECOND);
  broker.accepts = () => true;
  const refused = batches.length;
  await pass(SEND_BACKOFF_MAX_MS);
  expect(SEND_BACKOFF_MAX_MS).toBeLessThanOrEqual(SECOND);
  expect(new Set(batches.slice(refused).flatMap((batch) => batch.map(({ document }) => document.id))).size).toBe(300);
});

test('a broker that refuses everything is probed with small batches', async () => {
  const { batches, add, pass } = setUp();
  await add(...many);
  await pass(60 * SECOND);
  const sizes = batches.map(({ length }) => length);
  expect(sizes[0]).toBe(300);
  expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(64);
});

test('commands that the broker always refuses do not keep others from being sent', async () => {
  const { broker, add, pass, accepted } = setUp();
  await add(...many);
  broker.accepts = (id) => id === 'x299';
  await pass(60 * SECOND);
  expect(accepted()).toContain('x299');
});

test('commands that the broker refuses beside accepted ones are sent again within a second after it accepts them', async () => {
  const { broker, add, pass, accepted } = setUp();
  broker.accepts = (id) => id === 'good';
  await add('good', 'bad');
  await pass(5 * SECOND);
  broker.accepts = () => true;
  await pass(SEND_BACKOFF_MAX_MS);
  expect(accepted()).toContain('bad');
});

test('a command that the broker refuses over and over, while it accepts others, counts as sent, so that it may be parked', async () => {
  const { broker, batches, add, pass } = setUp();
  broker.accepts = (id) => id !== 'bad';
  await add('bad');
  for (let seconds = 0; seconds < 60; seconds++) {
    await add(`good ${seconds}`);
    await pass(SECOND);
  }
  const sends = batches.flat().filter(({ document }) => document.id === 'bad').length;
  await add('another');
  await pass(10 * SECOND);
  expect(batches.flat().filter(({ document }) => document.id === 'bad')).toHaveLength(sends);
});
