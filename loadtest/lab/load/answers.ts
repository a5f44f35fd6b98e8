import { type K6Response, outcomeOf } from '../../scenarios/lib/outcome.ts';

/** The styles of the lab, in the order of its page. */
export const STYLES = ['respond-first', 'messaging', 'replication', 'synchronous'] as const;
export type Style = (typeof STYLES)[number];

/** What an order must get: its status, and its total if it is valid. */
export interface Expectation {
  readonly status: 'VALIDATED' | 'REJECTED';
  readonly total: number;
}

/**
 * A response in terms of the lab. acknowledged: the order is stored and not decided. decided: as expected. wrong: a
 * response that contradicts the expectation. refused: no order is stored. unknown: an order may be stored.
 */
export type Answer =
  | { readonly kind: 'acknowledged'; readonly id: string }
  | { readonly kind: 'decided'; readonly id?: string }
  | { readonly kind: 'wrong' | 'refused' | 'unknown'; readonly error: string };

const REJECTED = 'urn:standing-order:problem:order-rejected';

/** The answer to POST /orders, of the order service or of the message client. */
export function answerTo(response: K6Response, expectation: Expectation): Answer {
  const { outcome, id, error = '' } = outcomeOf(response);
  const body = fieldsOf(response.body);
  if (response.status === 202 && outcome === 'ok' && id !== undefined) return { kind: 'acknowledged', id };
  if (outcome === 'ok' && id !== undefined) return decisionOf(body, expectation) ?? { kind: 'acknowledged', id };
  if (response.status === 422 && body.type === REJECTED)
    return expectation.status === 'REJECTED'
      ? { kind: 'decided' }
      : { kind: 'wrong', error: 'a valid order is rejected' };
  return { kind: outcome === 'fail' ? 'refused' : 'unknown', error };
}

/** The answer to GET /orders/{id}: undefined while the order is not decided, or if it cannot be read. */
export function decisionIn(response: K6Response, expectation: Expectation): Answer | undefined {
  if (response.status !== 200) return undefined;
  const body = fieldsOf(response.body);
  if (body.kind === 'refused') return { kind: 'wrong', error: 'the request is refused by message' };
  return decisionOf(body.kind === 'settled' ? fieldsOf(body.order) : body, expectation);
}

function decisionOf(order: Fields, { status: expected, total }: Expectation): Answer | undefined {
  const { id, status } = order;
  if (status === 'PENDING' || status === undefined) return undefined;
  if (status !== expected) return { kind: 'wrong', error: `${String(status)} instead of ${expected}` };
  const { amount } = fieldsOf(order.total);
  if (status === 'VALIDATED' && amount !== total)
    return { kind: 'wrong', error: `a total of ${String(amount)} instead of ${total}` };
  return { kind: 'decided', ...(typeof id === 'string' && { id }) };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  try {
    const content: unknown = JSON.parse(String(value));
    return typeof content === 'object' && content !== null ? (content as Fields) : {};
  } catch {
    // A body that is not JSON has no field.
    return {};
  }
}
