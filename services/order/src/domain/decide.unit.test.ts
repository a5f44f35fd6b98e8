import { type PricedLine, REASON_CODES, type Reason } from '@standing-order/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleOrder } from '../../test/sample-order.ts';
import { orderDocumentHandler } from '../outbox/document-handler.ts';
import { decide, type OrderInput } from './decide.ts';
import type { Order, Pending, Verdict } from './order.ts';

const DEADLINE = 1_000;

const token = fc.record({ w: fc.string({ minLength: 1 }), a: fc.integer({ min: 1, max: 9 }), t: fc.nat() });
const currency = fc.constantFrom('EUR', 'USD');
const amount = fc.constantFrom(0, 1, 4999, 5000, 5001);
const money = fc.record({ amount, currency });
/** The ordered line, priced. */
const pizza = (price: number): PricedLine => ({
  itemId: 'pizza',
  name: 'Pizza',
  quantity: 1,
  unitPrice: price,
  amount: price,
});
const reasons: fc.Arbitrary<Reason[]> = fc.array(
  fc.record({ code: fc.constantFrom(...REASON_CODES), detail: fc.string(), field: fc.constant('consumerId') }),
  { minLength: 1, maxLength: 4 },
);
const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.record({ kind: fc.constant('consumer'), valid: fc.constant(true), token, orderLimit: money }),
  fc.record({ token, total: money }).map(({ token, total }) => ({
    ...{ kind: 'details' as const, valid: true as const, token, total },
    lines: [pizza(total.amount)],
  })),
  fc.record({ kind: fc.constant('consumer'), valid: fc.constant(false), token, reasons }),
  fc.record({ kind: fc.constant('details'), valid: fc.constant(false), token, reasons }),
);
const input: fc.Arbitrary<OrderInput> = fc.oneof(
  { weight: 5, arbitrary: verdict },
  fc.constant({ kind: 'time-up' } as const),
);
const history = fc.array(fc.record({ input, at: fc.nat(2 * DEADLINE) }), { maxLength: 12 });

const pendingOrder = (decideWithin?: number): Pending => sampleOrder({ decideWithin });

/** Returns every state of the order. */
function states(start: Order, happened: readonly { input: OrderInput; at: number }[]): Order[] {
  const seen = [start];
  for (const { input, at } of happened) {
    const decision = decide(seen.at(-1) ?? start, input, at);
    if ('document' in decision) seen.push(decision.document);
  }
  return seen;
}

const apply = (start: Order, ...inputs: OrderInput[]): Order =>
  states(
    start,
    inputs.map((input) => ({ input, at: 1 })),
  ).at(-1) ?? start;

const valid = {
  consumer: {
    kind: 'consumer',
    valid: true,
    token: { w: 'w', a: 1, t: 1 },
    orderLimit: { amount: 5000, currency: 'EUR' },
  },
  details: {
    kind: 'details',
    valid: true,
    token: { w: 'w', a: 1, t: 2 },
    lines: [pizza(5000)],
    total: { amount: 5000, currency: 'EUR' },
  },
} as const satisfies Record<string, Verdict>;

describe('an order', () => {
  it('is VALIDATED when both verdicts are valid and the total is within the limit', () => {
    expect(apply(pendingOrder(), valid.consumer, valid.details)).toMatchObject({ status: 'VALIDATED', settledAt: 1 });
    expect(apply(pendingOrder(), valid.details, valid.consumer)).toMatchObject({ status: 'VALIDATED', settledAt: 1 });
  });

  it('stays PENDING until the second verdict when the first one is a refusal, and then has every reason', () => {
    const refusal = (kind: 'consumer' | 'details', code: Reason['code']): Verdict =>
      ({ kind, valid: false, token: { w: 'w', a: 1, t: 1 }, reasons: [{ code, detail: code }] }) as Verdict;
    const once = apply(pendingOrder(), refusal('consumer', 'CONSUMER_INACTIVE'));
    expect(once.status).toBe('PENDING');
    const codes = { reasons: [{ code: 'CONSUMER_INACTIVE' }, { code: 'RESTAURANT_CLOSED' }] };
    expect(apply(once, refusal('details', 'RESTAURANT_CLOSED'))).toMatchObject({ status: 'REJECTED', ...codes });
  });

  it.each([
    ['ORDER_LIMIT_EXCEEDED', { amount: 5001, currency: 'EUR' }],
    ['CURRENCY_MISMATCH', { amount: 1, currency: 'USD' }],
  ])('is REJECTED with %s when both verdicts are valid and contradict each other', (code, total) => {
    const rejected = apply(pendingOrder(), valid.consumer, {
      ...{ ...valid.details, total },
      lines: [pizza(total.amount)],
    });
    expect(rejected).toMatchObject({ status: 'REJECTED', reasons: [{ code }] });
  });

  it.each<[string, Order, OrderInput, number]>([
    [
      'already-answered',
      apply(pendingOrder(), valid.consumer),
      { ...valid.consumer, orderLimit: { amount: 0, currency: 'EUR' } },
      1,
    ],
    ['already-answered', apply(pendingOrder(), valid.consumer, valid.details), valid.details, 1],
    ['already-decided', apply(pendingOrder(), valid.consumer, valid.details), { kind: 'time-up' }, 1],
    [
      'already-decided',
      states(pendingOrder(DEADLINE), [{ input: { kind: 'time-up' }, at: DEADLINE }])[1] as Order,
      valid.consumer,
      DEADLINE,
    ],
    ['past-deadline', pendingOrder(DEADLINE), valid.consumer, DEADLINE],
    ['before-deadline', pendingOrder(DEADLINE), { kind: 'time-up' }, DEADLINE - 1],
    ['before-deadline', pendingOrder(), { kind: 'time-up' }, Number.MAX_SAFE_INTEGER],
  ])('ignores an input for the reason %s', (ignored, order, input, now) => {
    expect(decide(order, input, now)).toEqual({ ignored });
  });

  it('expires at its deadline and not before', () => {
    const order = pendingOrder(DEADLINE);
    expect(orderDocumentHandler.onTimeout(order, DEADLINE - 1)).toBeUndefined();
    const timeUp = orderDocumentHandler.onTimeout(order, DEADLINE);
    expect(timeUp && decide(order, timeUp, DEADLINE)).toMatchObject({
      document: { status: 'EXPIRED', settledAt: DEADLINE },
    });
    expect(orderDocumentHandler.onTimeout(pendingOrder(), Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  it('never changes its status after it is decided, nor a recorded verdict, for inputs in any order', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(undefined, DEADLINE), (happened, within) => {
        const seen = states(pendingOrder(within), happened);
        const decided = seen.findIndex(({ status }) => status !== 'PENDING');
        if (decided !== -1) expect(seen).toHaveLength(decided + 1);
        for (const [index, order] of seen.entries()) {
          const before = seen[index - 1]?.answers ?? {};
          expect(order.answers).toMatchObject(before);
        }
      }),
    );
  });

  it('has a status that follows from its recorded verdicts alone', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(undefined, DEADLINE), (happened, within) => {
        const last = states(pendingOrder(within), happened).at(-1) as Order;
        if (last.status === 'PENDING' || last.status === 'EXPIRED') return;
        const { consumer, details } = last.answers;
        const again = apply(pendingOrder(within), details, consumer);
        expect({ ...again, settledAt: 0 }).toEqual({ ...last, settledAt: 0 });
      }),
    );
  });

  it('is the same for verdicts in any order and with duplicates', () => {
    const replies = fc.record({
      consumer: verdict.filter(({ kind }) => kind === 'consumer'),
      details: verdict.filter(({ kind }) => kind === 'details'),
    });
    fc.assert(
      fc.property(replies, fc.array(fc.boolean(), { maxLength: 8 }), ({ consumer, details }, noise) => {
        const doubled = noise.map((first) => (first ? consumer : details));
        expect(apply(pendingOrder(), ...doubled, consumer, details)).toEqual(apply(pendingOrder(), consumer, details));
      }),
    );
  });

  it('keeps its status when each receiver confirms its message, for other inputs in any order', () => {
    const confirmations = ['received', 'noted', 'indexed'] as const;
    const confirmation = fc.record({
      kind: fc.constantFrom(...confirmations),
      token: fc.constant({ w: 'w', a: 1, t: 9 }),
    });
    const inputs = fc.array(fc.oneof(verdict, confirmation), { maxLength: 12 });
    fc.assert(
      fc.property(inputs, (sent) => {
        const replyTo = { client: 'shop', correlationId: 'one' };
        const start = { ...pendingOrder(), replyTo, notify: true, index: true } as const;
        const last = apply(start, ...sent);
        const { received, noted, indexed, ...withoutConfirmations } = last;
        expect(withoutConfirmations).toEqual(
          apply(start, ...sent.filter(({ kind }) => !confirmations.some((name) => name === kind))),
        );
        const decided = last.status !== 'PENDING';
        if (received || noted) expect(decided).toBe(true);
        const pending = orderDocumentHandler.pendingChannels(last);
        expect(pending.includes('response')).toBe(decided && !received);
        expect(pending.includes('notification')).toBe(decided && !noted);
        expect(pending.includes('index')).toBe(!indexed);
        expect(Boolean(indexed)).toBe(sent.some(({ kind }) => kind === 'indexed'));
      }),
    );
  });

  it('has exactly the channels pending whose verdicts are not recorded, until it is decided', () => {
    fc.assert(
      fc.property(history, (happened) => {
        for (const order of states(pendingOrder(DEADLINE), happened)) {
          const acknowledged = orderDocumentHandler.acknowledged(order).map(({ channel }) => channel);
          const pending =
            order.status === 'PENDING' ? ['consumer', 'details'].filter((kind) => !acknowledged.includes(kind)) : [];
          expect(orderDocumentHandler.pendingChannels(order)).toEqual(pending);
          if (order.status === 'PENDING') expect(pending).not.toEqual([]);
        }
      }),
    );
  });

  it('has every reason of both verdicts when it is REJECTED', () => {
    fc.assert(
      fc.property(verdict, verdict, (one, other) => {
        const order = apply(pendingOrder(), one, other);
        if (order.status !== 'REJECTED') return;
        for (const { reasons = [] } of [one, other] as { reasons?: readonly Reason[] }[]) {
          expect(order.reasons).toEqual(expect.arrayContaining([...reasons]));
        }
        expect(order.reasons).not.toEqual([]);
      }),
    );
  });
});

describe('reading a stored order', () => {
  it('keeps the fields of the next version, and throws for an unsupported version', () => {
    const stored = { ...pendingOrder(), v: 2, tip: 100 };
    expect(decide(orderDocumentHandler.parse(stored), valid.consumer, 1)).toMatchObject({
      document: { v: 2, tip: 100 },
    });
    for (const value of [{ ...pendingOrder(), v: 3 }, { ...pendingOrder(), v: '1' }, {}, null, 'x']) {
      expect(() => orderDocumentHandler.parse(value)).toThrow(/version/);
    }
  });
});
