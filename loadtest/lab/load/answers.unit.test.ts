import { expect, test } from 'vitest';
import { answerTo, decisionIn, type Expectation } from './answers.ts';

const VALID: Expectation = { status: 'VALIDATED', total: 3 };
const INVALID: Expectation = { status: 'REJECTED', total: 3 };
const response = (status: number, body: object | string = '', errorCode = 0) => ({
  ...{ status, body: typeof body === 'string' ? body : JSON.stringify(body), errorCode, error: '' },
});
const validated = (amount = 3) => ({ id: 'a', status: 'VALIDATED', total: { amount, currency: 'EUR' } });
const problem = (type: string) => ({ type: `urn:standing-order:problem:${type}` });

test.each([
  ['an acknowledgement', response(202, { id: 'a', status: 'PENDING' }), VALID, { kind: 'acknowledged', id: 'a' }],
  ["a message client's acknowledgement", response(202, { id: 'a' }), VALID, { kind: 'acknowledged', id: 'a' }],
  ['the right decision', response(201, validated()), VALID, { kind: 'decided', id: 'a' }],
  ['the right rejection', response(422, problem('order-rejected')), INVALID, { kind: 'decided' }],
  ['a wrong total', response(201, validated(4)), VALID, { kind: 'wrong' }],
  ['a wrong acceptance', response(201, validated()), INVALID, { kind: 'wrong' }],
  ['a wrong rejection', response(422, problem('order-rejected')), VALID, { kind: 'wrong' }],
  ['another 422', response(422, problem('idempotency-key-reused')), INVALID, { kind: 'refused' }],
  ['a refusal', response(503, problem('unavailable')), VALID, { kind: 'refused' }],
  ['an unknown outcome', response(503, problem('outcome-unknown')), VALID, { kind: 'unknown' }],
  ['a success without an order', response(200, 'no JSON'), VALID, { kind: 'unknown' }],
  ['no connection', response(0, '', 1212), VALID, { kind: 'refused' }],
  ['a timeout', response(0, '', 1050), VALID, { kind: 'unknown' }],
] as const)('%s', (_, given, expectation, kind) => {
  expect(answerTo(given, expectation)).toMatchObject(kind);
});

test.each([
  ['an order that waits', response(200, { id: 'a', status: 'PENDING' }), undefined],
  ['a server that is down', response(0, '', 1212), undefined],
  ['a page of a proxy', response(200, '<html>'), undefined],
  ['a decided order', response(200, validated()), { kind: 'decided', id: 'a' }],
  ['the outcome at a message client', response(200, { kind: 'settled', order: validated() }), { kind: 'decided' }],
  ['an expired order', response(200, { id: 'a', status: 'EXPIRED' }), { kind: 'wrong' }],
  ['a request that was refused by message', response(200, { kind: 'refused' }), { kind: 'wrong' }],
] as const)('reads %s', (_, given, expected) => {
  const decision = decisionIn(given, VALID);
  if (expected === undefined) expect(decision).toBeUndefined();
  else expect(decision).toMatchObject(expected);
});
