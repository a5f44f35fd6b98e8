import { describe, expect, test } from 'vitest';
import type { OrderLine } from '../scenarios/lib/log.ts';
import { canRecover, isClean, judge, type Stored } from './judge.ts';

const RUN = 'load-1';

function request(requestNumber: number, outcome: OrderLine['outcome']): OrderLine {
  const common = {
    type: 'order',
    run: RUN,
    phase: 'during',
    requestNumber,
    key: `${RUN}-${requestNumber}`,
    at: 0,
    ms: 1,
  } as const;
  return { ...common, outcome, status: 202, ...(outcome === 'ok' && { id: `id-${requestNumber}` }) };
}

/** As a message client logs it. */
function withoutId({ id: _, ...line }: OrderLine): OrderLine {
  return line;
}

const order = (requestNumber: number, changes: Partial<Stored> = {}): Stored => ({
  id: `id-${requestNumber}`,
  run: RUN,
  requestNumber,
  status: 'VALIDATED',
  ...changes,
});

describe('acknowledged and stored orders', () => {
  test('match when there is no fault', () => {
    const result = judge([request(1, 'ok'), request(2, 'ok')], [order(1), order(2)]);
    expect(result).toMatchObject({ sent: 2, acknowledged: 2, lost: [], recovered: 0, absent: 0 });
    expect(isClean(result)).toBe(true);
  });

  test.each<[string, readonly OrderLine[], readonly Stored[], object]>([
    [
      'an acknowledged order that is not stored is lost',
      [request(1, 'ok'), request(2, 'ok')],
      [order(2)],
      { lost: ['id-1'] },
    ],
    [
      'an acknowledged id with the order of another request is lost',
      [request(1, 'ok'), request(2, 'ok')],
      [order(1, { requestNumber: 2 }), order(2)],
      { lost: ['id-1'], doubled: ['id-1', 'id-2'] },
    ],
    [
      'two orders of one request are doubled',
      [request(1, 'ok')],
      [order(1), order(1, { id: 'other' })],
      { doubled: ['id-1', 'other'] },
    ],
    [
      'an acknowledged order that is not decided is stuck',
      [request(1, 'ok')],
      [order(1, { status: 'PENDING' })],
      { stuck: ['id-1'] },
    ],
    [
      'an order of unknown outcome that is not decided is stuck',
      [request(1, 'unknown')],
      [order(1, { status: 'PENDING' })],
      { stuck: ['id-1'], recovered: 1 },
    ],
    [
      'a decided order that the notification service has not confirmed is unnotified',
      [request(1, 'ok'), request(2, 'unknown')],
      [order(1, { notified: false }), order(2, { notified: true })],
      { unnotified: ['id-1'], recovered: 1 },
    ],
    [
      'an order that is not decided is stuck, and not unnotified',
      [request(1, 'ok')],
      [order(1, { status: 'PENDING', notified: false })],
      { stuck: ['id-1'], unnotified: [] },
    ],
    [
      'a valid order that is rejected is wrong',
      [request(1, 'ok')],
      [order(1, { status: 'REJECTED' })],
      { wrong: ['id-1'] },
    ],
    ['an order without a request is unexpected', [request(1, 'ok')], [order(1), order(7)], { unexpected: ['id-7'] }],
    [
      'an order with lines that no run creates is unexpected',
      [request(1, 'ok')],
      [order(1), order(0, { id: 'odd', requestNumber: undefined })],
      { unexpected: ['odd'] },
    ],
    [
      'an order that must be rejected and is accepted is wrong',
      [{ ...request(1, 'ok'), expected: 'REJECTED' }],
      [order(1)],
      { wrong: ['id-1'] },
    ],
    [
      'an acknowledged request of a message client without an order is lost',
      [request(1, 'ok'), withoutId(request(2, 'ok'))],
      [order(1)],
      { lost: ['load-1-2'] },
    ],
    ['an order whose request was refused is unexpected', [request(1, 'fail')], [order(1)], { unexpected: ['id-1'] }],
  ])('%s', (_, requests, stored, found) => {
    const result = judge(requests, stored);
    expect(result).toMatchObject({
      lost: [],
      doubled: [],
      stuck: [],
      unnotified: [],
      wrong: [],
      unexpected: [],
      ...found,
    });
    expect(isClean(result)).toBe(false);
  });

  test('may differ in orders of unknown outcome', () => {
    const requests = [request(1, 'unknown'), request(2, 'unknown'), request(3, 'fail'), request(4, 'ok')];
    const result = judge(requests, [order(1), order(4)]);
    expect(result).toMatchObject({ acknowledged: 1, recovered: 1, absent: 1 });
    expect(isClean(result)).toBe(true);
  });

  test('match when an order that must be rejected is, and when a message client has no id for its order', () => {
    const requests: OrderLine[] = [{ ...request(1, 'ok'), expected: 'REJECTED' }, withoutId(request(2, 'ok'))];
    expect(isClean(judge(requests, [order(1, { status: 'REJECTED' }), order(2)]))).toBe(true);
  });

  test('recover while the notification service has yet to confirm a decision', () => {
    expect(canRecover(judge([request(1, 'ok')], [order(1, { notified: false })]))).toBe(true);
    expect(isClean(judge([request(1, 'ok')], [order(1, { notified: true })]))).toBe(true);
  });

  test('that are older than the retention may be gone, and no others', () => {
    const requests = [request(1, 'ok'), withoutId(request(2, 'ok')), { ...request(3, 'ok'), at: 1_000 }];
    expect(judge(requests, [order(3)], 1_000)).toMatchObject({ lost: [], expired: 2 });
    expect(judge(requests, [], 1_000)).toMatchObject({ lost: ['id-3'], expired: 2 });
    expect(judge(requests, [order(3)])).toMatchObject({ lost: ['id-1', 'load-1-2'], expired: 0 });
    // An order that is stored has not expired.
    expect(judge(requests, [order(1, { requestNumber: 3 })], 1_000)).toMatchObject({
      lost: ['id-1', 'id-3'],
      expired: 1,
    });
  });

  test('leave out orders of other runs', () => {
    expect(isClean(judge([request(1, 'ok')], [order(1), order(2, { run: 'demo', status: 'REJECTED' })]))).toBe(true);
  });

  test.each<[string, readonly OrderLine[]]>([
    ['sent', []],
    ['acknowledged', [request(1, 'fail'), request(2, 'unknown')]],
  ])('are not clean when no order was %s, and waiting does not help', (_, requests) => {
    const result = judge(requests, []);
    expect(isClean(result)).toBe(false);
    expect(canRecover(result)).toBe(false);
  });
});
