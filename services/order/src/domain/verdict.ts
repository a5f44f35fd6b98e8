import type * as contracts from '@standing-order/contracts';
import type { Token } from '@standing-order/outbox';
import type { ConsumerVerdict, DetailsVerdict, Verdict } from './order.ts';

/** The token of a verdict that does not reply to a command of the outbox. */
const DIRECT: Token = { w: 'direct', a: 1, t: 0 };

/**
 * Converts a verdict from the form of the contract to the form that an order stores.
 *
 * @param token of the command that the verdict replies to
 */
export function toVerdict(verdict: contracts.ConsumerVerdict, token?: Token): ConsumerVerdict;
export function toVerdict(verdict: contracts.DetailsVerdict, token?: Token): DetailsVerdict;
export function toVerdict(verdict: contracts.ConsumerVerdict | contracts.DetailsVerdict, token?: Token): Verdict;
export function toVerdict(
  { type, data }: contracts.ConsumerVerdict | contracts.DetailsVerdict,
  token: Token = DIRECT,
): Verdict {
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
