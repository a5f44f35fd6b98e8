import type { OrderOutcome } from './log.ts';

/** An answer as k6 tells of it. */
export interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly body: unknown;
  /** As in k6's documentation of error codes; 0: none. */
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

/** k6's errors that say that no request was sent: a wrong URL, a name that is not found, no connection. */
const neverSent = (code: number): boolean =>
  code === 1020 || (code >= 1100 && code < 1200) || (code >= 1210 && code < 1220);

/**
 * What an answer to POST /orders means. A service that says "unavailable" has stored nothing; any other failure of a
 * server or a connection leaves it open whether the order was taken.
 */
export function outcomeOf({ status, body, errorCode, error }: Answer): Judged {
  if (status === 0) return { outcome: neverSent(errorCode) ? 'fail' : 'unknown', error: error || `error ${errorCode}` };
  const content = fieldsOf(body);
  if (status >= 200 && status < 300) {
    return typeof content.id === 'string' && content.id !== ''
      ? { outcome: 'ok', id: content.id }
      : { outcome: 'unknown', error: `${status} without an id` };
  }
  const type = typeof content.type === 'string' ? content.type : '';
  const said = `${status} ${type || 'without a problem'}`;
  const refused = (status >= 400 && status < 500) || type === UNAVAILABLE;
  return { outcome: refused && type !== OUTCOME_UNKNOWN ? 'fail' : 'unknown', error: said };
}

function fieldsOf(body: unknown): { readonly id?: unknown; readonly type?: unknown } {
  try {
    const content: unknown = JSON.parse(String(body));
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    // What is no JSON has none of the fields, and that decides.
    return {};
  }
}
