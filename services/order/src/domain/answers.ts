import type { ConsumerVerdict, DetailsVerdict } from '@standing-order/contracts';
import type { Token } from '@standing-order/outbox';
import type { Answer, ConsumerAnswer, DetailsAnswer } from './order.ts';

/** The token of a verdict that was asked for directly: it answers no attempt of an outbox. */
const DIRECT: Token = { w: 'direct', a: 1, t: 0 };

/** What a validator said, in the terms of the order. `token`: of the command that it answers. */
export function asAnswer(verdict: ConsumerVerdict, token?: Token): ConsumerAnswer;
export function asAnswer(verdict: DetailsVerdict, token?: Token): DetailsAnswer;
export function asAnswer(verdict: ConsumerVerdict | DetailsVerdict, token?: Token): Answer;
export function asAnswer({ type, data }: ConsumerVerdict | DetailsVerdict, token: Token = DIRECT): Answer {
  switch (type) {
    case 'com.standing-order.consumer-validated.v1':
      return { kind: 'consumer', valid: true, token, orderLimit: data.orderLimit };
    case 'com.standing-order.consumer-refused.v1':
      return { kind: 'consumer', valid: false, token, reasons: data.reasons };
    case 'com.standing-order.order-details-validated.v1':
      return { kind: 'details', valid: true, token, lines: data.lines, total: data.total };
    case 'com.standing-order.order-details-refused.v1':
      return { kind: 'details', valid: false, token, reasons: data.reasons };
  }
}
