import type { OrderLine } from '@standing-order/loadtest/request-log';
import { describe, expect, test } from 'vitest';
import { describeWindow, findIntakeFault, selectFaultWindow } from './fault-window.ts';

describe('a fault window', () => {
  const order = (at: number, outcome: OrderLine['outcome'], error?: string): OrderLine => ({
    ...{ type: 'order', run: 'r', phase: 'p', requestNumber: at, key: `${at}`, at, ms: at / 100, status: 0, outcome },
    ...(error !== undefined && { error }),
  });
  const requests = [order(1_000, 'ok'), order(1_500, 'ok'), order(2_000, 'fail', '503'), order(2_500, 'ok')];

  test('contains the orders sent after its start and until its end', () => {
    const faultWindow = selectFaultWindow(requests, 2, 1_000, 2_500);
    expect(faultWindow).toMatchObject({ seconds: 1.5, offered: 3, missed: [{ at: 2_000 }] });
    expect(faultWindow.acknowledged.map(({ at }) => at)).toEqual([1_500, 2_500]);
    expect(describeWindow(faultWindow)).toBe('66.67 % of 3 orders acknowledged in 2 s, p95 25 ms, 1 x 503');
  });

  describe('in which orders must be acknowledged', () => {
    const faultOf = (...outcomes: readonly OrderLine['outcome'][]) =>
      findIntakeFault(
        selectFaultWindow(
          outcomes.map((outcome, index) => order(index + 1, outcome)),
          1,
          0,
          outcomes.length,
        ),
      );
    const acknowledged = Array.from({ length: 99 }, () => 'ok' as const);

    test('fails if a single order was refused', () => {
      expect(faultOf(...acknowledged, 'fail')).toMatch(/^1 orders were refused/);
    });

    test('passes if at most a tenth has no answer, as on a busy machine', () => {
      expect(faultOf(...acknowledged)).toBeUndefined();
      expect(faultOf(...acknowledged, 'unknown', 'unknown')).toBeUndefined();
      expect(faultOf(...acknowledged.slice(0, 17), 'unknown', 'unknown')).toMatch(/^orders are not acknowledged/);
    });

    test('fails if no order was acknowledged', () => {
      expect(faultOf()).toMatch(/^orders are not acknowledged/);
    });
  });

  test('counts the orders that a starved load generator did not send', () => {
    const text = describeWindow(selectFaultWindow(requests, 10, 1_000, 2_500));
    expect(text).toContain('14.29 % of 14 orders');
    expect(text).toContain('11 not sent in time');
  });
});
