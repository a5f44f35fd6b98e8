import type { OrderOutcome } from './log.ts';

/** The fields of a k6 response. */
export interface K6Response {
  /** 0: no response. */
  readonly status: number;
  readonly body: unknown;
  /** An error code of k6; 0: none. */
  readonly errorCode: number;
  readonly error: string;
}

export interface Judged {
  readonly outcome: OrderOutcome;
  readonly id?: string;
  readonly error?: string;
}

const OUTCOME_UNKNOWN = 'urn:standing-order:problem:outcome-unknown';
const UNAVAILABLE = 'urn:standing-order:problem:unavailable';

/** Error codes of k6 for requests that were not sent: wrong URL, unknown host name, no connection. */
const neverSent = (code: number): boolean =>
  code === 1020 || (code >= 1100 && code < 1200) || (code >= 1210 && code < 1220);

/**
 * The outcome of a response to POST /orders. After the problem "unavailable" no order is stored. After any other failure of
 * a server or a connection the order may be stored or not.
 */
export function outcomeOf({ status, body, errorCode, error }: K6Response): Judged {
  if (status === 0) return { outcome: neverSent(errorCode) ? 'fail' : 'unknown', error: error || `error ${errorCode}` };
  const content = fieldsOf(body);
  if (status >= 200 && status < 300) {
    return typeof content.id === 'string' && content.id !== ''
      ? { outcome: 'ok', id: content.id }
      : { outcome: 'unknown', error: `${status} without an id` };
  }
  const type = typeof content.type === 'string' ? content.type : '';
  const description = `${status} ${type || 'without a problem'}`;
  const refused = (status >= 400 && status < 500) || type === UNAVAILABLE;
  return { outcome: refused && type !== OUTCOME_UNKNOWN ? 'fail' : 'unknown', error: description };
}

function fieldsOf(body: unknown): { readonly id?: unknown; readonly type?: unknown } {
  try {
    const content: unknown = JSON.parse(String(body));
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    // A body that is not JSON has neither field.
    return {};
  }
}
