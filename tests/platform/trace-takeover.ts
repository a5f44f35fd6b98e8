import { orderLane } from '@standing-order/contracts';
import { poll } from '@standing-order/testing/poll';
import { expect } from 'vitest';
import { get, type HttpResponse } from '../support/client.ts';
import type { ClientTrace } from '../support/client-traces.ts';
import { GOOD_ORDER } from '../support/platform-fixture.ts';
import type { Tree } from '../support/tree.ts';
import { ASKED_AGAIN, decidedUpFront, messaging, OUTCOME, question, SETTLE, TOLD, trees } from './trace-trees.ts';
import type { TracedPlatform } from './traced-platform.ts';

/**
 * Adds the order to the set if no order in it has the same lane: without replies only the oldest command of a lane is
 * retransmitted.
 */
type TakeApart = (orderId: string) => boolean;
function createTakeApart(): TakeApart {
  const lanes = new Set<number>();
  return (orderId) => {
    const before = lanes.size;
    return lanes.add(orderLane(orderId)).size > before;
  };
}

/** An order with the answer to its request. */
interface Placed {
  readonly trace: ClientTrace;
  readonly answer: HttpResponse;
}

/** An order that is decided before it is stored. */
interface SettledAtOnce {
  readonly style: keyof typeof decidedUpFront;
  readonly trace: ClientTrace;
}

/** The orders of the test, each with a message still to send. */
interface Waiting {
  readonly settledAtOnce: readonly SettledAtOnce[];
  readonly asked: readonly Placed[];
  readonly bought: ClientTrace;
  /** The replica that has stored the orders. */
  readonly taker: () => string | undefined;
}

/**
 * One platform, one kill, and an order of each style with a message still to send. An order that is decided before it is
 * stored (synchronous; replication on fresh copies) has no commands to retransmit. Only its outcome remains to be sent.
 */
export async function traceTakeover(traced: TracedPlatform): Promise<void> {
  const { platform } = traced.fixture();
  const takeApart = createTakeApart();
  await traced.untilFresh();
  // Messages wait in the broker while their receiver's sidecar is down, and arrive once each after its restart.
  await platform.kill('notification-1-dapr');
  const settledAtOnce = await placeSettledAtOnce(traced, takeApart);
  await platform.kill('consumer-1-dapr');
  const asked = await placeAsked(traced, takeApart);
  const taker = () => asked[0]?.trace.spans().find(({ name }) => name === 'POST /orders')?.instance;
  const bought = await boughtAt(traced, taker, takeApart);

  const waiting = { settledAtOnce, asked, bought, taker };
  await killTaker(traced, waiting);
  await compareTraces(waiting);
  const orderOf = (id: string) => get(`${platform.urls.order[1]}/orders/${id}`);
  const decisions = asked.map(async ({ answer }) => (await orderOf(answer.body.id)).body);
  expect((await Promise.all(decisions)).map(({ status }) => status)).toEqual(['VALIDATED', 'REJECTED']);
}

/** Places orders until one has a lane of its own. */
async function placeApart(
  { traces, place }: TracedPlatform,
  takeApart: TakeApart,
  style: string,
  order?: object,
): Promise<Placed> {
  for (;;) {
    const trace = traces.start();
    const answer = await place(trace, style, order);
    if (takeApart(answer.body.id)) return { trace, answer };
  }
}

async function placeSettledAtOnce(traced: TracedPlatform, takeApart: TakeApart): Promise<SettledAtOnce[]> {
  const placed: SettledAtOnce[] = [];
  for (const style of ['synchronous', 'replication'] as const) {
    const { trace, answer } = await placeApart(traced, takeApart, style);
    expect(answer).toMatchObject({ status: 201, body: { status: 'VALIDATED' } });
    await trace.is(() => [...decidedUpFront[style], SETTLE, ['order: send order-settled']]);
    placed.push({ style, trace });
  }
  return placed;
}

async function placeAsked(traced: TracedPlatform, takeApart: TakeApart): Promise<Placed[]> {
  const respondFirst = await placeApart(traced, takeApart, 'respond-first');
  // The local copy lacks this consumer, so the order continues as in respond-first.
  const replicated = await placeApart(traced, takeApart, 'replication', { ...GOOD_ORDER, consumerId: 'nobody' });
  const asked = [respondFirst, replicated];
  for (const { answer } of asked) expect(answer).toMatchObject({ status: 202, body: { status: 'PENDING' } });
  return asked;
}

/**
 * Buys by message until this process handles a request with a lane of its own, then pauses the shop: a repeated request
 * would make another replica the order's owner, and leave no takeover to test.
 */
async function boughtAt(
  { traces, buy, shop }: TracedPlatform,
  taker: Waiting['taker'],
  takeApart: TakeApart,
): Promise<ClientTrace> {
  for (let n = 0; ; n++) {
    const trace = traces.start();
    // No reply arrives before the consumer's sidecar is up again.
    const id = `bought-${n}`;
    buy(trace, id).catch(() => undefined);
    const commit = await poll(
      'the request is taken',
      () => trace.spans().find(({ name }) => name === 'commit'),
      (span) => span !== undefined && taker() !== undefined,
    );
    // Spans that the shop is exporting while it is paused are lost.
    await poll(
      'the shop has exported its spans',
      () => trace.senders('order-requests'),
      ({ length }) => length > 0,
    );
    if (commit?.instance !== taker() || !takeApart(String(commit?.attributes['order.id']))) continue;
    shop().pause();
    return trace;
  }
}

/** Kills the replica after a retransmission of each message, and starts the receivers after another replica has sent them. */
async function killTaker(
  { fixture, shop }: TracedPlatform,
  { settledAtOnce, asked, bought, taker }: Waiting,
): Promise<void> {
  const { platform } = fixture();
  const waiting: readonly [ClientTrace, string][] = [
    ...[...asked, { trace: bought }].map(({ trace }): [ClientTrace, string] => [trace, 'consumer-commands']),
    ...settledAtOnce.map(({ trace }): [ClientTrace, string] => [trace, 'order-settled']),
  ];
  const senders = () => waiting.map(([trace, topic]) => trace.senders(topic));
  const before = await poll('each is sent again', senders, (all) => all.every(({ length }) => length >= 2));
  expect(new Set(before.flat())).toEqual(new Set([taker()]));
  await Promise.all(['order-1', 'order-1-dapr'].map((name) => platform.kill(name)));
  await poll('each is sent by another one', senders, (all) => all.every((by) => by.some((who) => who !== taker())));
  shop().resume();
  const commits = () => bought.spans().filter(({ name }) => name === 'commit');
  await poll('the shop has asked again', commits, ({ length }) => length > 1);
  await Promise.all(['consumer-1-dapr', 'notification-1-dapr'].map((name) => platform.start(name)));
}

/** Each retransmission was handled, and none had another effect. */
async function compareTraces({ settledAtOnce, asked, bought }: Waiting): Promise<void> {
  // The replica that takes the orders over sends their messages in batches.
  const batches = { batches: true };
  for (const { style, trace } of settledAtOnce) await trace.is(() => [...trees[style], ...again(trace, TOLD)], batches);
  const more = (trace: ClientTrace) => again(trace, question('consumer'), question('restaurant'), TOLD);
  for (const { trace } of asked) await trace.is(() => [...trees['respond-first'], ...more(trace)], batches);
  await bought.is(
    () => [...messaging(...more(bought), ...again(bought, OUTCOME)), ...again(bought, ASKED_AGAIN)],
    batches,
  );
}

/** The spans of these messages beyond the first one of each. */
const again = (trace: ClientTrace, ...messages: readonly Tree[]): Tree[] =>
  messages.flatMap((sent) => {
    const topic = sent[0].split('send ')[1] ?? '';
    return trace
      .senders(topic)
      .slice(1)
      .map(() => sent);
  });
