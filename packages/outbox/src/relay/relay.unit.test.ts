import { describe, expect, test } from 'vitest';
import { AT_START, atRest, contextFor, MemoryStore, manualClock } from '../../test/parts.ts';
import type { Context } from '../context.ts';
import { PARKED_RETRY_MS } from '../policies.ts';
import type { DocumentHandler, OutboxDocument, OutgoingCommand, Token } from '../ports.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { waitingOf } from '../waiting.ts';
import { CHANNEL_PROBE_MS } from './channel.ts';
import { PARK_AFTER_ATTEMPTS } from './parked.ts';
import { Relay } from './relay.ts';
import { PROBE_MAX_MS } from './send-window.ts';

interface TestOrder extends OutboxDocument {
  readonly asked: readonly string[];
  readonly acknowledged: Readonly<Record<string, Token>>;
}

const handler: DocumentHandler<TestOrder, never> = {
  parse: (value) => value as TestOrder,
  pendingChannels: ({ asked, acknowledged }) => asked.filter((channel) => !(channel in acknowledged)),
  acknowledged: ({ acknowledged }) => Object.entries(acknowledged).map(([channel, token]) => ({ channel, token })),
  apply: () => ({ ignored: 'never' }),
  onTimeout: () => undefined,
};

const orderOf = (id: string, ...asked: string[]): TestOrder => ({
  id,
  nonce: id,
  fingerprint: id,
  createdAt: 0,
  asked,
  acknowledged: {},
});

const seen = (document: TestOrder) => ({ document, etag: '1', asOf: AT_START });
const { reorderMs, parkedRetryMs } = DEFAULT_SETTINGS;
const attempts = PARK_AFTER_ATTEMPTS;

/** One lane and two channels. Document `x` has a command on both. */
async function setUp() {
  const clock = manualClock();
  const out: OutgoingCommand<TestOrder>[] = [];
  const plain = contextFor(handler, new MemoryStore(), clock);
  const context: Context<TestOrder, never> = {
    ...plain,
    settings: { ...DEFAULT_SETTINGS, lanes: 1 },
    transport: {
      send: async (batch) => {
        out.push(...batch);
        return batch.map(() => true);
      },
    },
  };
  const owner = { writer: 'w', segmentDone: () => {}, timedOut: () => {}, poll: () => {}, load: () => {} };
  const relay = new Relay(context, owner);
  const x = orderOf('x', 'silent', 'slow');
  const sends = (channel: string) => out.filter((each) => each.document.id === 'x' && each.channel === channel).length;
  let others = 0;

  /** Another document is sent on the silent channel after `x`, and its command is acknowledged. */
  async function acknowledgeAnother(): Promise<void> {
    clock.go(reorderMs + 1);
    const other = orderOf(`other ${++others}`, 'silent');
    relay.add(seen(other), relay.tick());
    relay.flush();
    await atRest();
    const token = out.find(({ document }) => document.id === other.id)?.token as Token;
    relay.observe(seen({ ...other, acknowledged: { silent: token } }), relay.tick());
    relay.flush();
    await atRest();
  }

  /** Reads `x`, so that its lost commands are sent again or parked. */
  async function read(): Promise<void> {
    relay.observe(seen(x), relay.tick());
    relay.flush();
    await atRest();
  }

  relay.loadSegment(1, ['x'], [seen(x)], relay.tick());
  relay.flush();
  await atRest();
  return { clock, relay, x, sends, acknowledgeAnother, read };
}

describe('a document that is parked on one channel and in flight on another', () => {
  async function halfParked() {
    const parts = await setUp();
    for (let i = 0; i < attempts; i++) {
      await parts.acknowledgeAnother();
      await parts.read();
    }
    expect([parts.sends('silent'), parts.sends('slow')]).toEqual([attempts, 1]);
    return parts;
  }

  test('is listed', async () => {
    expect((await halfParked()).relay.parked.list()).toMatchObject([{ id: 'x', channels: ['silent'], attempts }]);
  });

  test('is reported once, with the state of each command', async () => {
    const { clock, relay } = await halfParked();
    const report = waitingOf(clock, { relay, stored: 1 }, 10);
    const nextAttempt = clock.wall() + PARKED_RETRY_MS;
    expect(report).toMatchObject({ stored: 1, loaded: 1 });
    expect(report.documents).toMatchObject([
      {
        id: 'x',
        commands: [
          { channel: 'silent', state: 'parked', attempts, nextAttempt },
          { channel: 'slow', state: 'in-flight', attempts: 1 },
        ],
      },
    ]);
    expect(report.channels).toMatchObject([
      { channel: 'silent', inFlight: 0, blocked: 0, parked: 1, oldest: 0, attempts, nextAttempt },
      { channel: 'slow', inFlight: 1, blocked: 0, parked: 0, oldest: 0, attempts: 1 },
    ]);
  });

  test('is sent again by `retry`, with a fresh count of attempts', async () => {
    const { relay, x, sends, acknowledgeAnother, read } = await halfParked();
    relay.retry(seen(x), relay.tick());
    relay.flush();
    expect(sends('silent')).toBe(attempts + 1);
    expect(relay.parked.size).toBe(0);
    await acknowledgeAnother();
    await read();
    expect(sends('silent')).toBe(attempts + 2);
  });

  test('gets one more attempt after an hour', async () => {
    const { clock, relay, sends, acknowledgeAnother, read } = await halfParked();
    const pass = () => {
      relay.loadSegment(1, ['x'], [undefined], relay.tick());
      relay.flush();
    };
    pass();
    expect(sends('silent')).toBe(attempts);
    clock.go(parkedRetryMs);
    pass();
    expect(sends('silent')).toBe(attempts + 1);
    await acknowledgeAnother();
    await read();
    expect(sends('silent')).toBe(attempts + 1);
    expect(relay.parked.size).toBe(1);
  });

  test('is not listed any more when that channel is acknowledged', async () => {
    const { relay, x } = await halfParked();
    relay.observe(seen({ ...x, acknowledged: { silent: { w: 'w', a: 1, t: 0 } } }), relay.tick());
    expect([relay.parked.size, relay.entries.size]).toEqual([0, 1]);
  });

  test('is not retried because of other acknowledgements, which arrived all the time', async () => {
    const { relay, acknowledgeAnother } = await halfParked();
    await acknowledgeAnother();
    expect(relay.parked.due()).toEqual([]);
  });
});

test('a document is never parked by attempts during an outage of its channel', async () => {
  const { clock, relay, sends, acknowledgeAnother, read } = await setUp();
  for (let probes = 0; probes < 2 * attempts; probes++) {
    clock.go(PROBE_MAX_MS * 2);
    relay.detectLoss();
    await read();
  }
  expect([relay.parked.size, sends('silent')]).toEqual([0, 2 * attempts + 1]);
  await acknowledgeAnother();
  await read();
  expect([relay.parked.size, sends('silent')]).toEqual([0, 2 * attempts + 2]);
});

test('a channel of silent lanes sends a probe at intervals that do not grow', async () => {
  const { clock, relay, sends, read } = await setUp();
  const step = 100;
  const gaps: number[] = [];
  let last = 0;
  for (let now = step; now <= 4 * PROBE_MAX_MS; now += step) {
    const before = sends('silent');
    clock.go(step);
    relay.detectLoss();
    if (relay.urgent.size > 0) await read();
    if (sends('silent') === before) continue;
    gaps.push(now - last);
    last = now;
  }
  expect(Math.max(...gaps.slice(1))).toBeLessThanOrEqual(1.2 * CHANNEL_PROBE_MS + step);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.8 * CHANNEL_PROBE_MS);
});
