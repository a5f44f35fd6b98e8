import type { DISABLED_REASONS, WebhookEventType, WebhookRequest, WebhookView } from '@standing-order/contracts';
import { WEBHOOK_EVENT_TYPES } from '@standing-order/contracts';
import type { WebhookEvent } from './event.ts';
import { isEncrypted } from './secret.ts';

export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** A registered receiver of events (`/webhooks/{id}`). Times are Unix time in milliseconds. */
export interface Endpoint {
  readonly id: string;
  /** Incremented by each change. */
  readonly version: number;
  readonly url: string;
  /** Default: all types. */
  readonly events?: readonly WebhookEventType[];
  /** Default: all consumers. */
  readonly consumerId?: string;
  readonly description: string;
  readonly createdAt: number;
  /** Still encrypted, as stored, if this process has no key that decrypts it. */
  readonly secret: string;
  /** Rotated secrets that attempts are still signed with, newest first. */
  readonly previous: readonly { readonly secret: string; readonly until: number }[];
  readonly disabled?: { readonly at: number; readonly reason: DisabledReason };
  /** No longer visible to clients; its documents are being removed from the state store. */
  readonly deleted?: true;
}

/** Maximum number of endpoints, including deleted ones whose documents are still being removed. */
export const MAX_ENDPOINTS = 100;

/** How long a rotated secret stays in use. */
export const ROTATION_MS = 24 * 3_600_000;
/** Rotated secrets that are kept. More than four rotations within a day drop the oldest secret early. */
const MAX_PREVIOUS_SECRETS = 4;

export interface NewEndpoint {
  readonly id: string;
  readonly request: WebhookRequest;
  readonly secret: string;
  readonly now: number;
}

export function newEndpoint({ id, request, secret, now }: NewEndpoint): Endpoint {
  const { url, events, consumerId, description } = request;
  return {
    id,
    version: 1,
    url,
    ...(events && { events: [...new Set(events)] }),
    ...(consumerId !== undefined && { consumerId }),
    description,
    createdAt: now,
    secret,
    previous: [],
  };
}

export const isSubscribedTo = (
  { events, consumerId, disabled, deleted }: Endpoint,
  { type, data }: WebhookEvent,
): boolean =>
  !disabled &&
  !deleted &&
  (events === undefined || events.includes(type)) &&
  (consumerId === undefined || consumerId === data.consumerId);

/** The current secret and all rotated ones, encrypted or not. */
export const allSecrets = ({ secret, previous }: Endpoint): readonly string[] => [
  secret,
  ...previous.map((rotated) => rotated.secret),
];

/** True if one of its secrets is encrypted with a key that this process does not have. */
export const hasUnreadableSecret = (endpoint: Endpoint): boolean => allSecrets(endpoint).some(isEncrypted);

/** The secrets that an attempt is signed with now, newest first. Empty if none of them could be decrypted. */
export const signingSecrets = ({ secret, previous }: Endpoint, now: number): readonly string[] =>
  [secret, ...previous.filter(({ until }) => until > now).map((rotated) => rotated.secret)].filter(
    (each) => !isEncrypted(each),
  );

/** The endpoint with a new secret. The previous secret stays in use for a day. */
export function rotateSecret(endpoint: Endpoint, secret: string, now: number): Endpoint {
  const previous = [{ secret: endpoint.secret, until: now + ROTATION_MS }, ...endpoint.previous];
  return { ...endpoint, secret, previous: previous.filter(({ until }) => until > now).slice(0, MAX_PREVIOUS_SECRETS) };
}

export const endpointStatus = ({ disabled }: Endpoint): WebhookView['status'] => (disabled ? 'disabled' : 'enabled');

/** The representation for clients, without secrets. */
export function endpointView(endpoint: Endpoint): WebhookView {
  const { id, url, events, consumerId, description, createdAt, disabled } = endpoint;
  return {
    id,
    url,
    events: [...(events ?? WEBHOOK_EVENT_TYPES)],
    ...(consumerId !== undefined && { consumerId }),
    description,
    createdAt: new Date(createdAt).toISOString(),
    status: endpointStatus(endpoint),
    ...(disabled && { disabled: { at: new Date(disabled.at).toISOString(), reason: disabled.reason } }),
  };
}
