import { describe, expect, test } from 'vitest';
import { AT_START, atRest, contextFor, MemoryStore, manualClock } from '../../test/parts.ts';
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
function setUp(ids: readonly string[], { fillMs = 0 } = {}) {
  const clock = manualClock();
  const broker = { accepts: (_: string): boolean => false };
  const batches: OutgoingCommand<OutboxDocument>[][] = [];
  const defaults = contextFor(handler, new MemoryStore(), clock);
  const context = {
    ...defaults,
    settings: { ...defaults.settings, fillMs },
    messageGroupOf: () => 'all',
    transport: {
      send: async (batch: readonly OutgoingCommand<OutboxDocument>[]) => {
        batches.push([...batch]);
        return batch.map(({ document }) => broker.accepts(document.id));
      },
    },
  };
  const owner = { writer: 'w', segmentDone: () => {}, timedOut: () => {}, poll: () => {}, load: () => {} };
  const relay = new Relay(context, owner);
  const add = (added = ids) => {
    for (const id of added) relay.add({ document: documentOf(id), etag: '1', asOf: AT_START }, relay.tick());
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
  const acknowledge = (id: string) => {
    const command = relay.entries.get(id)?.commands[0];
    if (command !== undefined) relay.channels.get('consumer')?.close(command, 'acked', 1);
  };
  const sizes = () => batches.map(({ length }) => length);
  return { broker, batches, sizes, relay, add, acknowledge, pass, accepted };
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

describe('while commands of their group are unanswered, new commands', () => {
  const first = many.slice(0, 10);
  const second = many.slice(10, 15);

  async function withUnanswered() {
    const parts = setUp(first, { fillMs: 200 });
    parts.broker.accepts = () => true;
    await parts.add();
    await parts.add(second);
    expect(parts.sizes()).toEqual([10]);
    return parts;
  }

  test('wait for the maximum time, and are sent together', async () => {
    const { sizes, pass, add } = await withUnanswered();
    await pass(100);
    await add(many.slice(15, 20));
    expect(sizes()).toEqual([10]);
    await pass(100);
    expect(sizes()).toEqual([10, 10]);
    await pass(SECOND);
    expect(sizes()).toEqual([10, 10]);
  });

  test('are sent when they fill a message', async () => {
    const { sizes, add } = await withUnanswered();
    await add(many.slice(15, 73));
    expect(sizes()).toEqual([10]);
    await add(many.slice(73, 74));
    expect(sizes()).toEqual([10, 64]);
  });

  test('are sent when few of the earlier ones are unanswered', async () => {
    const { sizes, acknowledge, relay } = await withUnanswered();
    for (const id of first.slice(0, 6)) acknowledge(id);
    relay.flush();
    expect(sizes()).toEqual([10]);
    acknowledge('x6');
    relay.flush();
    expect(sizes()).toEqual([10, 5]);
  });

  test('are not sent after a stop', async () => {
    const { sizes, relay, pass } = await withUnanswered();
    relay.stop();
    await pass(SECOND);
    expect(sizes()).toEqual([10]);
  });
});

test('without a maximum time no command waits', async () => {
  const { broker, sizes, add } = setUp(many.slice(0, 10));
  broker.accepts = () => true;
  await add();
  await add(many.slice(10, 15));
  expect(sizes()).toEqual([10, 5]);
});
