import { describe, expect, test } from 'vitest';
import { outcomeOf } from './outcome.ts';
import { executorsOf, thresholdsOf } from './phases.ts';
import { linesOf, requestNumberOf } from './request-number.ts';
import { RULES } from './rules.ts';
import { readSettings } from './settings.ts';
import { summarize, summaryTable } from './summary.ts';
import { targetFault } from './target.ts';

describe('a request', () => {
  test.each([0, 1, 999, 1_000, 123_456_789, 999_999_999])('number %i is encoded in its lines', (requestNumber) => {
    const lines = linesOf(requestNumber);
    expect(requestNumberOf(lines)).toBe(requestNumber);
    for (const { quantity } of lines) expect(quantity).toBeGreaterThan(0);
    for (const { quantity } of lines) expect(quantity).toBeLessThanOrEqual(1_000);
  });

  test('with other lines belongs to no run', () => {
    expect(requestNumberOf([{ itemId: 'ones', quantity: 1 }])).toBeUndefined();
    expect(requestNumberOf(linesOf(5).toReversed())).toBeUndefined();
  });
});

describe('a response', () => {
  const problem = (kind: string) => JSON.stringify({ type: `urn:standing-order:problem:${kind}` });
  test.each([
    ['acknowledged', 202, '{"id":"a"}', 0, 'ok'],
    ['decided', 201, '{"id":"a"}', 0, 'ok'],
    ['acknowledged without an id', 202, '{}', 0, 'unknown'],
    ['refused', 422, problem('order-rejected'), 0, 'fail'],
    ['unavailable, not stored', 503, problem('unavailable'), 0, 'fail'],
    ['not confirmed', 503, problem('outcome-unknown'), 0, 'unknown'],
    ['an internal error', 500, problem('internal-error'), 0, 'unknown'],
    ['from another server', 502, '<html>', 0, 'unknown'],
    ['no connection', 0, null, 1212, 'fail'],
    ['no such host', 0, null, 1101, 'fail'],
    ['a timeout', 0, null, 1050, 'unknown'],
    ['a reset', 0, null, 1220, 'unknown'],
  ])('%s: %i %s (%i) is %s', (_, status, body, errorCode, outcome) => {
    expect(outcomeOf({ status, body, errorCode, error: '' }).outcome).toBe(outcome);
  });
});

describe('a target', () => {
  test.each(['http://127.0.0.1:4000', 'http://localhost', 'https://[::1]:1', 'http://shop.test:80', 'http://named:1'])(
    '%s is accepted',
    (url) => expect(targetFault(url, ['named'])).toBeUndefined(),
  );

  test.each([
    'http://shop.example:80',
    'http://127.0.0.1.shop.example',
    'http://localhost.example',
    'http://127.0.0.1:1@shop.example',
    'ftp://127.0.0.1',
    'http://contest',
    '',
  ])('%s is refused', (url) => expect(targetFault(url, ['named'])).toBeDefined());
});

describe('the variables of a run', () => {
  test('have defaults', () => {
    expect(readSettings({}, RULES.load).numbers).toMatchObject({
      STEPS: [25, 50, 100, 200, 400, 800],
      TIMEOUT_MS: [5_000],
    });
  });

  test('have a token for every request, or none', () => {
    expect(readSettings({}, RULES.smoke).authorization).toEqual({});
    const { authorization } = readSettings({ BEARER_TOKEN: 'a.b-c_d~+/==' }, RULES.smoke);
    expect(authorization).toEqual({ authorization: 'Bearer a.b-c_d~+/==' });
  });

  test('are refused with one message that lists every fault', () => {
    const read = () => readSettings({ RATE: '0', SECONDS: 'x', ORDER_URL: 'http://shop.example' }, RULES.smoke);
    expect(read).toThrow(/RATE.*\n.*SECONDS.*\n.*ORDER_URL.*shop\.example/);
  });
});

describe('a phase', () => {
  const phases = [
    { name: 'a', from: 0, seconds: 10, rate: 20, goal: 1 },
    { name: 'b', from: 10, seconds: 10, rate: 40, goal: 0.5 },
  ];

  test('is offered by an executor that does not wait for responses', () => {
    for (const { executor } of Object.values(executorsOf(phases, 5_000, 2_000)))
      expect(executor).toMatch(/-arrival-rate$/);
  });

  test('has thresholds for its goal; dropped requests count as not acknowledged', () => {
    expect(thresholdsOf(phases)).toMatchObject({
      orders_ok: ['count>0'],
      'orders_ok{scenario:a}': ['count>=200'],
      'dropped_iterations{scenario:a}': ['count==0'],
      'orders_ok{scenario:b}': ['count>=200'],
    });
  });

  const values = (fields: Record<string, number>) => ({ values: fields });
  const metrics = {
    'orders_ok{scenario:a}': values({ count: 200 }),
    'order_duration{scenario:a}': values({ med: 3, 'p(95)': 5, 'p(99)': 9 }),
    'orders_ok{scenario:b}': values({ count: 300 }),
    'orders_unknown{scenario:b}': values({ count: 60 }),
    'dropped_iterations{scenario:b}': values({ count: 40 }),
  };

  test('has as availability the acknowledged share of the offered requests, dropped ones included', () => {
    const {
      phases: [a, b],
      sustainedRate,
    } = summarize('load', phases, { metrics });
    expect(a).toMatchObject({ offered: 200, availability: 1, p95: 5 });
    expect(b).toMatchObject({ offered: 400, dropped: 40, unknown: 60, availability: 0.75 });
    expect(sustainedRate).toBe(20);
  });

  test('counts scheduled requests that were not sent as dropped', () => {
    const late = { ...metrics, 'orders_ok{scenario:a}': values({ count: 150 }) };
    expect(summarize('load', phases, { metrics: late }).phases[0]).toMatchObject({ dropped: 50, availability: 0.75 });
  });

  test('without requests has availability 0', () => {
    const summary = summarize('load', phases, { metrics: {} });
    expect(summary.phases[0]).toMatchObject({ availability: 0, dropped: 200 });
    expect(summary.sustainedRate).toBeNull();
    expect(summaryTable(summary)).toContain('no rate');
  });
});
