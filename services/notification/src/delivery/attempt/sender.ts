import { setMaxListeners } from 'node:events';
import type { LookupFunction } from 'node:net';
import {
  ATTRIBUTE_KEYS,
  contextOf,
  isTraced,
  meter,
  recordSpan,
  SpanKind,
} from '@standing-order/service-kit/telemetry';
import { Agent } from 'undici';
import { type Hook, secretsOf } from '../../domain/endpoint.ts';
import { bodyOf, type Event } from '../../domain/event.ts';
import { retryAfterMs } from '../../domain/retry-schedule.ts';
import { type UrlPolicy, urlFault } from '../../endpoints/url-policy.ts';
import { guardedConnector } from './connector.ts';
import { signatureHeaders } from './signature.ts';

/** What came of sending an event once. */
export interface Sent {
  readonly ok: boolean;
  /** The status that was answered. */
  readonly answered?: number;
  /** Why it failed. */
  readonly error?: string;
  readonly retryAfterMs?: number;
}

export interface Sender {
  /** Sends an event to a webhook, once. Undefined when it was aborted. Never rejects. */
  send(hook: Hook, event: Event, signal: AbortSignal): Promise<Sent | undefined>;
  close(): Promise<void>;
}

export interface SenderOptions {
  /** Holds for what was registered under another one, too. */
  readonly policy: UrlPolicy;
  /** Unix time in milliseconds. */
  now(): number;
  /** How names become addresses. */
  readonly lookup?: LookupFunction;
  /** For one attempt in all, in milliseconds. Default 10,000. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;
/** Of an answer so much is read, to keep its connection in use. */
const MAX_ANSWER_BYTES = 4 * 1024;
const MAX_ERROR = 200;
/** Most connections to one receiver. */
const CONNECTIONS = 8;
const GONE = 410;
const UNREADABLE = 'not sent: its secret is sealed with a key that this service does not have';

const attempts = meter.createCounter('webhooks.attempts', {
  description: 'Deliveries that were tried, by what came of them',
});

export const isGone = ({ answered }: Pick<Sent, 'answered'>): boolean => answered === GONE;

export function createSender({ policy, now, lookup, deadlineMs = DEADLINE_MS }: SenderOptions): Sender {
  const agent = new Agent({
    connections: CONNECTIONS,
    headersTimeout: deadlineMs,
    bodyTimeout: deadlineMs,
    maxHeaderSize: 16 * 1024,
    connect: guardedConnector({ reachable: policy.reachable, timeoutMs: deadlineMs, ...(lookup && { lookup }) }),
  });

  async function post(
    { url }: Hook,
    headers: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<Sent> {
    const fault = urlFault(url, policy);
    if (fault !== undefined) return { ok: false, error: fault };
    const { origin, pathname, search } = new URL(url);
    const answer = await agent.request({ origin, path: pathname + search, method: 'POST', headers, body, signal });
    const { statusCode: answered } = answer;
    await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal }).catch(() => undefined);
    if (answered >= 200 && answered < 300) return { ok: true, answered };
    const after = answer.headers['retry-after'];
    const retryAfter = retryAfterMs(typeof after === 'string' ? after : undefined, now());
    const redirect = answered >= 300 && answered < 400 ? '; redirects are not followed' : '';
    return {
      ok: false,
      answered,
      error: `answered ${answered}${redirect}`,
      ...(retryAfter !== undefined && { retryAfterMs: retryAfter }),
    };
  }

  return {
    async send(hook, event, signal) {
      const startedAt = now();
      const body = bodyOf(event);
      const secrets = secretsOf(hook, startedAt);
      if (secrets.length === 0) return { ok: false, error: UNREADABLE };
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'standing-order-webhooks/1',
        ...signatureHeaders({ id: event.id, timestamp: Math.floor(startedAt / 1_000), body }, secrets),
      };
      const deadline = AbortSignal.timeout(deadlineMs);
      // Many deliveries wait for the same end of the service.
      setMaxListeners(0, signal);
      const sent = await post(hook, headers, body, AbortSignal.any([deadline, signal])).catch((error: unknown) =>
        signal.aborted ? undefined : { ok: false, error: deadline.aborted ? 'no answer in time' : whyOf(error) },
      );
      if (sent) record(event, startedAt, now(), sent);
      return sent;
    },
    close: () => agent.destroy(),
  };
}

/** Why there was no answer, in a few words. */
function whyOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return String(typeof code === 'string' && !code.startsWith('UND_') ? code : message).slice(0, MAX_ERROR);
}

function record({ id, type, trace }: Event, startedAt: number, endedAt: number, { ok, answered, error }: Sent): void {
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
