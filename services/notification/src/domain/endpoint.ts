import type { DISABLED_REASONS, WebhookEventType, WebhookRequest, WebhookView } from '@standing-order/contracts';
import { WEBHOOK_EVENT_TYPES } from '@standing-order/contracts';
import { isSealed } from '../endpoints/secret-cipher.ts';
import type { Event } from './event.ts';

export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** A registered webhook. Times are Unix time in milliseconds. */
export interface Hook {
  readonly id: string;
  /** Grows with each change. */
  readonly version: number;
  readonly url: string;
  /** Default all. */
  readonly events?: readonly WebhookEventType[];
  /** Default all. */
  readonly consumerId?: string;
  readonly description: string;
  readonly createdAt: number;
  /** Sealed, as it is stored, when this process has no key that opens it. */
  readonly secret: string;
  /** Secrets before this one that deliveries are still signed with, newest first. */
  readonly previous: readonly { readonly secret: string; readonly until: number }[];
  readonly disabled?: { readonly at: number; readonly reason: DisabledReason };
  /** Nobody sees it any more; what it has in the store is being removed. */
  readonly deleted?: true;
}

/** Most webhooks, those included that are being removed. */
export const MOST_HOOKS = 100;

/** How long the secret before stays in use. */
export const ROTATION_MS = 24 * 3_600_000;
/** Secrets before the newest one that are kept; one that is rotated out earlier than that is a secret nobody uses. */
const MOST_PREVIOUS = 4;

export interface NewHook {
  readonly id: string;
  readonly request: WebhookRequest;
  readonly secret: string;
  readonly now: number;
}

export function newHook({ id, request, secret, now }: NewHook): Hook {
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

/** Whether a webhook is told of an event. */
export const wants = ({ events, consumerId, disabled, deleted }: Hook, { type, data }: Event): boolean =>
  !disabled &&
  !deleted &&
  (events === undefined || events.includes(type)) &&
  (consumerId === undefined || consumerId === data.consumerId);

/** Its secret and those before it, as they are. */
export const secretsIn = (hook: Hook): readonly string[] => [hook.secret, ...hook.previous.map(({ secret }) => secret)];

/** Whether one of its secrets is sealed with a key that this process does not have. */
export const isUnreadable = (hook: Hook): boolean => secretsIn(hook).some(isSealed);

/** All secrets that a delivery is signed with now, the newest first; none, when none of them can be opened. */
export const secretsOf = ({ secret, previous }: Hook, now: number): readonly string[] =>
  [secret, ...previous.filter(({ until }) => until > now).map((old) => old.secret)].filter((each) => !isSealed(each));

/** The same webhook with a new secret; the one before stays in use for a day. */
export function rotated(hook: Hook, secret: string, now: number): Hook {
  const previous = [{ secret: hook.secret, until: now + ROTATION_MS }, ...hook.previous];
  return { ...hook, secret, previous: previous.filter(({ until }) => until > now).slice(0, MOST_PREVIOUS) };
}

/** Whether anything is sent to it. */
export const statusOf = ({ disabled }: Hook): WebhookView['status'] => (disabled ? 'disabled' : 'enabled');

/** As clients see it: without its secrets. */
export function viewOf(hook: Hook): WebhookView {
  const { id, url, events, consumerId, description, createdAt, disabled } = hook;
  return {
    id,
    url,
    events: [...(events ?? WEBHOOK_EVENT_TYPES)],
    ...(consumerId !== undefined && { consumerId }),
    description,
    createdAt: new Date(createdAt).toISOString(),
    status: statusOf(hook),
    ...(disabled && { disabled: { at: new Date(disabled.at).toISOString(), reason: disabled.reason } }),
  };
}
