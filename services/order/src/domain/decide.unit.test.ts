import { REASON_CODES, type Reason } from '@standing-order/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderBusiness } from '../outbox/business.ts';
import { decide, type Message } from './decide.ts';
import { type Answer, newOrder, type Order, type Pending } from './order.ts';

const DEADLINE = 1_000;

const token = fc.record({ w: fc.string({ minLength: 1 }), a: fc.integer({ min: 1, max: 9 }), t: fc.nat() });
const currency = fc.constantFrom('EUR', 'USD');
const amount = fc.constantFrom(0, 1, 4999, 5000, 5001);
const money = fc.record({ amount, currency });
const reasons: fc.Arbitrary<Reason[]> = fc.array(
  fc.record({ code: fc.constantFrom(...REASON_CODES), detail: fc.string(), field: fc.constant('consumerId') }),
  { minLength: 1, maxLength: 4 },
);
const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({ kind: fc.constant('consumer'), valid: fc.constant(true), token, orderLimit: money }),
  fc.record({ kind: fc.constant('details'), valid: fc.constant(true), token, lines: fc.constant([]), total: money }),
  fc.record({ kind: fc.constant('consumer'), valid: fc.constant(false), token, reasons }),
  fc.record({ kind: fc.constant('details'), valid: fc.constant(false), token, reasons }),
);
const message: fc.Arbitrary<Message> = fc.oneof(
  { weight: 5, arbitrary: answer },
  fc.constant({ kind: 'time-up' } as const),
);
const history = fc.array(fc.record({ message, at: fc.nat(2 * DEADLINE) }), { maxLength: 12 });

const taken = (decideWithin?: number): Pending =>
  newOrder({
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    nonce: 'n',
    fingerprint: '1:x',
    client: 'anonymous',
    request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 1 }] },
    now: 0,
    decideWithin,
  });

/** Every state that the order goes through. */
function states(start: Order, happened: readonly { message: Message; at: number }[]): Order[] {
  const seen = [start];
  for (const { message, at } of happened) {
    const decision = decide(seen.at(-1) ?? start, message, at);
    if ('document' in decision) seen.push(decision.document);
  }
  return seen;
}

const apply = (start: Order, ...messages: Message[]): Order =>
  states(
    start,
    messages.map((message) => ({ message, at: 1 })),
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
    lines: [],
    total: { amount: 5000, currency: 'EUR' },
  },
} as const satisfies Record<string, Answer>;

describe('what becomes of an order', () => {
  it('is validated when both say yes and the total is within the limit', () => {
    expect(apply(taken(), valid.consumer, valid.details)).toMatchObject({ status: 'VALIDATED', settledAt: 1 });
    expect(apply(taken(), valid.details, valid.consumer)).toMatchObject({ status: 'VALIDATED', settledAt: 1 });
  });

  it('waits for the second answer even if the first is a refusal, so that every reason is known', () => {
    const no = (kind: 'consumer' | 'details', code: Reason['code']): Answer =>
      ({ kind, valid: false, token: { w: 'w', a: 1, t: 1 }, reasons: [{ code, detail: code }] }) as Answer;
    const once = apply(taken(), no('consumer', 'CONSUMER_INACTIVE'));
    expect(once.status).toBe('PENDING');
    const codes = { reasons: [{ code: 'CONSUMER_INACTIVE' }, { code: 'RESTAURANT_CLOSED' }] };
    expect(apply(once, no('details', 'RESTAURANT_CLOSED'))).toMatchObject({ status: 'REJECTED', ...codes });
  });

  it.each([
    ['ORDER_LIMIT_EXCEEDED', { amount: 5001, currency: 'EUR' }],
    ['CURRENCY_MISMATCH', { amount: 1, currency: 'USD' }],
  ])('is rejected with %s when both say yes and their answers do not fit', (code, total) => {
    const rejected = apply(taken(), valid.consumer, { ...valid.details, total });
    expect(rejected).toMatchObject({ status: 'REJECTED', reasons: [{ code }] });
  });

  it.each<[string, Order, Message, number]>([
    [
      'already-answered',
      apply(taken(), valid.consumer),
      { ...valid.consumer, orderLimit: { amount: 0, currency: 'EUR' } },
      1,
    ],
    ['already-answered', apply(taken(), valid.consumer, valid.details), valid.details, 1],
    ['already-settled', apply(taken(), valid.consumer, valid.details), { kind: 'time-up' }, 1],
    [
      'already-settled',
      states(taken(DEADLINE), [{ message: { kind: 'time-up' }, at: DEADLINE }])[1] as Order,
      valid.consumer,
      DEADLINE,
    ],
    ['past-deadline', taken(DEADLINE), valid.consumer, DEADLINE],
    ['before-deadline', taken(DEADLINE), { kind: 'time-up' }, DEADLINE - 1],
    ['before-deadline', taken(), { kind: 'time-up' }, Number.MAX_SAFE_INTEGER],
  ])('ignores a message by name: %s', (ignored, order, message, now) => {
    expect(decide(order, message, now)).toEqual({ ignored });
  });

  it('expires at its deadline, and at no other time', () => {
    const order = taken(DEADLINE);
    expect(orderBusiness.onTimeout(order, DEADLINE - 1)).toBeUndefined();
    const timeUp = orderBusiness.onTimeout(order, DEADLINE);
    expect(timeUp && decide(order, timeUp, DEADLINE)).toMatchObject({
      document: { status: 'EXPIRED', settledAt: DEADLINE },
    });
    expect(orderBusiness.onTimeout(taken(), Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  it('never changes its verdict, nor an answer that it has recorded, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(undefined, DEADLINE), (happened, within) => {
        const seen = states(taken(within), happened);
        const settled = seen.findIndex(({ status }) => status !== 'PENDING');
        if (settled !== -1) expect(seen).toHaveLength(settled + 1);
        for (const [index, order] of seen.entries()) {
          const before = seen[index - 1]?.answers ?? {};
          expect(order.answers).toMatchObject(before);
        }
      }),
    );
  });

  it('has a verdict that follows from its recorded answers alone', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(undefined, DEADLINE), (happened, within) => {
        const last = states(taken(within), happened).at(-1) as Order;
        if (last.status === 'PENDING' || last.status === 'EXPIRED') return;
        const { consumer, details } = last.answers;
        const again = apply(taken(within), details, consumer);
        expect({ ...again, settledAt: 0 }).toEqual({ ...last, settledAt: 0 });
      }),
    );
  });

  it('is the same for answers that are doubled and in any order', () => {
    const replies = fc.record({
      consumer: answer.filter(({ kind }) => kind === 'consumer'),
      details: answer.filter(({ kind }) => kind === 'details'),
    });
    fc.assert(
      fc.property(replies, fc.array(fc.boolean(), { maxLength: 8 }), ({ consumer, details }, noise) => {
        const doubled = noise.map((first) => (first ? consumer : details));
        expect(apply(taken(), ...doubled, consumer, details)).toEqual(apply(taken(), consumer, details));
      }),
    );
  });

  it('keeps its verdict when those who are told of it confirm it, each once, whatever else comes', () => {
    const told = ['received', 'noted', 'indexed'] as const;
    const receipt = fc.record({ kind: fc.constantFrom(...told), token: fc.constant({ w: 'w', a: 1, t: 9 }) });
    const messages = fc.array(fc.oneof(answer, receipt), { maxLength: 12 });
    fc.assert(
      fc.property(messages, (sent) => {
        const replyTo = { client: 'shop', correlationId: 'one' };
        const asked = { ...taken(), replyTo, notify: true, index: true } as const;
        const last = apply(asked, ...sent);
        const { received, noted, indexed, ...verdict } = last;
        expect(verdict).toEqual(apply(asked, ...sent.filter(({ kind }) => !told.some((name) => name === kind))));
        const settled = last.status !== 'PENDING';
        if (received || noted) expect(settled).toBe(true);
        const missing = orderBusiness.pendingChannels(last);
        expect(missing.includes('response')).toBe(settled && !received);
        expect(missing.includes('notification')).toBe(settled && !noted);
        expect(missing.includes('index')).toBe(!indexed);
        expect(Boolean(indexed)).toBe(sent.some(({ kind }) => kind === 'indexed'));
      }),
    );
  });

  it('is missing exactly the answers that it has not recorded, until it is settled', () => {
    fc.assert(
      fc.property(history, (happened) => {
        for (const order of states(taken(DEADLINE), happened)) {
          const answered = orderBusiness.acknowledged(order).map(({ channel }) => channel);
          const missing =
            order.status === 'PENDING' ? ['consumer', 'details'].filter((kind) => !answered.includes(kind)) : [];
          expect(orderBusiness.pendingChannels(order)).toEqual(missing);
          if (order.status === 'PENDING') expect(missing).not.toEqual([]);
        }
      }),
    );
  });

  it('carries every reason of both answers when it is rejected', () => {
    fc.assert(
      fc.property(answer, answer, (one, other) => {
        const order = apply(taken(), one, other);
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
  it('keeps the fields of the next version and refuses those that it cannot understand', () => {
    const stored = { ...taken(), v: 2, tip: 100 };
    expect(decide(orderBusiness.parse(stored), valid.consumer, 1)).toMatchObject({ document: { v: 2, tip: 100 } });
    for (const value of [{ ...taken(), v: 3 }, { ...taken(), v: '1' }, {}, null, 'x']) {
      expect(() => orderBusiness.parse(value)).toThrow(/version/);
    }
  });
});
