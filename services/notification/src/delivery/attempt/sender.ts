import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import {
  ATTRIBUTE_KEYS,
  contextOf,
  countFromZero,
  isTraced,
  meter,
  recordSpan,
  SpanKind,
} from '@standing-order/service-kit/telemetry';
import type { AttemptResult } from '../../domain/delivery-state.ts';
import { type Endpoint, signingSecrets } from '../../domain/endpoint.ts';
import { requestBody, type WebhookEvent } from '../../domain/event.ts';
import { parseRetryAfter } from '../../domain/retry-schedule.ts';
import { type UrlPolicy, urlError } from '../../endpoints/url-policy.ts';
import { createDispatcher, type WebhookProxy } from './dispatcher.ts';
import { signatureHeaders } from './signature.ts';

export interface Sender {
  /** Makes one attempt to deliver an event. Undefined if it was aborted. Never rejects. */
  send(endpoint: Endpoint, event: WebhookEvent, signal: AbortSignal): Promise<AttemptResult | undefined>;
  close(): Promise<void>;
}

export interface SenderOptions {
  /** Also applies to endpoints that were registered under another policy. */
  readonly policy: UrlPolicy;
  /** Unix time in milliseconds. */
  now(): number;
  /** Resolves host names. Default: the resolver of the operating system. */
  readonly lookup?: LookupFunction;
  /** Certificate authorities that are trusted. Default: those of Node. */
  readonly secureContext?: SecureContext | undefined;
  /** Proxy of the deliveries. Default: none. */
  readonly proxy?: WebhookProxy;
  /** Timeout of a whole attempt, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** Response bytes that are read to keep the connection usable. */
const MAX_RESPONSE_BYTES = 4 * 1024;
const MAX_ERROR_LENGTH = 200;
const GONE = 410;
const UNREADABLE_SECRET = 'not sent: the secret is encrypted with a key that this service does not have';

const attempts = meter.createCounter('webhooks.attempts', { description: 'Delivery attempts, by outcome' });
countFromZero(attempts, { outcome: 'delivered' }, { outcome: 'failed' });

/** Whether the receiver asks for no further event, with status 410. */
export const isGone = ({ answered }: Pick<AttemptResult, 'answered'>): boolean => answered === GONE;

export function createSender({ policy, now, timeoutMs = TIMEOUT_MS, ...options }: SenderOptions): Sender {
  const agent = createDispatcher({ policy, timeoutMs, ...options });

  async function post(
    { url }: Endpoint,
    headers: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const fault = urlError(url, policy);
    if (fault !== undefined) return { ok: false, error: `not sent: the URL ${fault}` };
    const { origin, pathname, search } = new URL(url);
    const response = await agent.request({ origin, path: pathname + search, method: 'POST', headers, body, signal });
    const { statusCode: status } = response;
    await response.body.dump({ limit: MAX_RESPONSE_BYTES, signal }).catch(() => undefined);
    if (status >= 200 && status < 300) return { ok: true, answered: status };
    const header = response.headers['retry-after'];
    const retryAfterMs = parseRetryAfter(typeof header === 'string' ? header : undefined, now());
    const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
    return {
      ok: false,
      answered: status,
      error: `response status ${status}${redirect}`,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  return {
    async send(endpoint, event, signal) {
      const startedAt = now();
      const body = requestBody(event);
      const secrets = signingSecrets(endpoint, startedAt);
      if (secrets.length === 0) return { ok: false, error: UNREADABLE_SECRET };
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'standing-order-webhooks/1',
        ...signatureHeaders({ id: event.id, at: startedAt, body }, secrets),
      };
      const timeout = AbortSignal.timeout(timeoutMs);
      // All attempts in flight listen for the end of the service.
      setMaxListeners(0, signal);
      const result = await post(endpoint, headers, body, AbortSignal.any([timeout, signal])).catch((error: unknown) =>
        signal.aborted ? undefined : { ok: false, error: timeout.aborted ? 'timed out' : reasonOf(error) },
      );
      if (result) report(event, startedAt, now(), result);
      return result;
    },
    close: () => agent.destroy(),
  };
}

/** Each part of an attempt has the attempt's time as its own limit, which may end first. */
const TIMEOUT_CODES: readonly unknown[] = [
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
];

/** Why there was no response: the error code of the system, or a short message. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (TIMEOUT_CODES.includes(code)) return 'timed out';
  return String(typeof code === 'string' && !code.startsWith('UND_') ? code : message).slice(0, MAX_ERROR_LENGTH);
}

function report(
  { id, type, trace }: WebhookEvent,
  startedAt: number,
  endedAt: number,
  { ok, answered, error }: AttemptResult,
): void {
  attempts.add(1, { outcome: ok ? 'delivered' : 'failed' });
  if (!isTraced(trace)) return;
  recordSpan(`deliver ${type}`, {
    kind: SpanKind.CLIENT,
    startedAt,
    endedAt,
    parent: contextOf(trace),
    attributes: {
      [ATTRIBUTE_KEYS.eventId]: id,
      ...(answered !== undefined && { [ATTRIBUTE_KEYS.httpStatus]: answered }),
    },
    ...(!ok && { error: error ?? 'failed' }),
  });
}
