import { describe, expect, test } from 'vitest';
import { atRest, contextFor, MemoryStore, manualClock } from '../../test/parts.ts';
import type { Context } from '../context.ts';
import type { DocumentHandler, OutboxDocument, OutgoingCommand, Token } from '../ports.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { Relay } from './relay.ts';

interface Questions extends OutboxDocument {
  readonly asked: readonly string[];
  readonly answers: Readonly<Record<string, Token>>;
}

const business: DocumentHandler<Questions, never> = {
  parse: (value) => value as Questions,
  pendingChannels: ({ asked, answers }) => asked.filter((channel) => !(channel in answers)),
  acknowledged: ({ answers }) => Object.entries(answers).map(([channel, token]) => ({ channel, token })),
  apply: () => ({ ignored: 'never' }),
  onTimeout: () => undefined,
};

const questions = (id: string, ...asked: string[]): Questions => ({
  id,
  nonce: id,
  fingerprint: id,
  createdAt: 0,
  asked,
  answers: {},
});

const seen = (document: Questions) => ({ document, etag: '1' });
const { attempts, reorderMs, parkedRetryMs } = DEFAULT_SETTINGS;

/** One lane and two channels; `x` asks on both. */
async function setUp() {
  const clock = manualClock();
  const out: OutgoingCommand<Questions>[] = [];
  const plain = contextFor(business, new MemoryStore(), clock);
  const context: Context<Questions, never> = {
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
  const x = questions('x', 'deaf', 'slow');
  const sends = (channel: string) => out.filter((each) => each.document.id === 'x' && each.channel === channel).length;
  let others = 0;

  /** Another document is asked for on the deaf channel after `x` was, and answered. */
  async function answerAnother(): Promise<void> {
    clock.go(reorderMs + 1);
    const other = questions(`other ${++others}`, 'deaf');
    relay.add(seen(other), relay.tick());
    relay.flush();
    await atRest();
    const token = out.find(({ document }) => document.id === other.id)?.token as Token;
    relay.observe(seen({ ...other, answers: { deaf: token } }), relay.tick());
    relay.flush();
    await atRest();
  }

  /** What is suspected to be lost is read and, unless it is given up, sent again. */
  async function read(): Promise<void> {
    relay.observe(seen(x), relay.tick());
    relay.flush();
    await atRest();
  }

  relay.loadSegment(1, ['x'], [seen(x)], relay.tick());
  relay.flush();
  await atRest();
  return { clock, relay, x, sends, answerAnother, read };
}

describe('a document that is stuck on one channel, and only waits on another', () => {
  async function halfStuck() {
    const parts = await setUp();
    for (let i = 0; i < attempts; i++) {
      await parts.answerAnother();
      await parts.read();
    }
    expect([parts.sends('deaf'), parts.sends('slow')]).toEqual([attempts, 1]);
    return parts;
  }

  test('is listed', async () => {
    expect((await halfStuck()).relay.stuck.list()).toMatchObject([{ id: 'x', channels: ['deaf'], attempts }]);
  });

  test('is sent again by hand, with fresh attempts', async () => {
    const { relay, x, sends, answerAnother, read } = await halfStuck();
    relay.retry(seen(x), relay.tick());
    relay.flush();
    expect(sends('deaf')).toBe(attempts + 1);
    expect(relay.stuck.size).toBe(0);
    await answerAnother();
    await read();
    expect(sends('deaf')).toBe(attempts + 2);
  });

  test('gets one more attempt in an hour', async () => {
    const { clock, relay, sends, answerAnother, read } = await halfStuck();
    const pass = () => {
      relay.loadSegment(1, ['x'], [undefined], relay.tick());
      relay.flush();
    };
    pass();
    expect(sends('deaf')).toBe(attempts);
    clock.go(parkedRetryMs);
    pass();
    expect(sends('deaf')).toBe(attempts + 1);
    await answerAnother();
    await read();
    expect(sends('deaf')).toBe(attempts + 1);
    expect(relay.stuck.size).toBe(1);
  });

  test('is not listed any more when that channel has answered', async () => {
    const { relay, x } = await halfStuck();
    relay.observe(seen({ ...x, answers: { deaf: { w: 'w', a: 1, t: 0 } } }), relay.tick());
    expect([relay.stuck.size, relay.entries.size]).toEqual([0, 1]);
  });

  test('does not come back because others are answered, as they were all the time', async () => {
    const { relay, answerAnother } = await halfStuck();
    await answerAnother();
    expect(relay.stuck.retryable.size).toBe(0);
  });
});

test('what was given up while nobody was answered is to be tried again as soon as somebody is', async () => {
  const { clock, relay, answerAnother, read } = await setUp();
  for (let probes = 0; probes < attempts; probes++) {
    clock.go(DEFAULT_SETTINGS.probeMaxMs * 2);
    relay.detectLoss();
    await read();
  }
  expect([relay.stuck.size, relay.entries.size]).toEqual([1, 0]);
  expect(relay.stuck.retryable.size).toBe(0);
  await answerAnother();
  expect([...relay.stuck.retryable]).toEqual(['x']);
});
