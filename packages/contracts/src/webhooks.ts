import { z } from 'zod';
import { consumerId } from './ids.ts';
import { carriedMoney } from './money.ts';
import { DECIDED_STATUSES, reason } from './order.ts';

/** The types of events that a webhook can receive. The list is closed, and may be extended. */
export const WEBHOOK_EVENT_TYPES = ['order.validated', 'order.rejected', 'order.expired'] as const;
/** One of `WEBHOOK_EVENT_TYPES`. */
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** Maximum length of a webhook's URL, in characters. */
export const MAX_WEBHOOK_URL = 2_048;

/** Id of a webhook: a UUIDv7 in lower case. */
export const webhookId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'must be the id of a webhook');

/**
 * Id of an event, equal in all its deliveries: `webhook-id` of Standard Webhooks. It has the order's id and the time of the decision
 * in milliseconds. Events of earlier versions have the order's id only.
 */
export const webhookEventId = z
  .string()
  .regex(/^settled-[0-9a-f-]{36}(-[0-9]{1,16})?$/, 'must be the id of an event, as listed in the deliveries');

/** Body of POST /webhooks. Without `events` it receives all types; without `consumerId`, the events of all consumers. */
export const webhookRequest = z.strictObject({
  url: z.string().min(1).max(MAX_WEBHOOK_URL),
  events: z.array(z.enum(WEBHOOK_EVENT_TYPES)).min(1).max(WEBHOOK_EVENT_TYPES.length).optional(),
  consumerId: consumerId.optional(),
  description: z.string().max(200).default(''),
});
export type WebhookRequest = z.infer<typeof webhookRequest>;

/** The reasons for which a webhook is disabled: its receiver responded 410, or its deliveries have failed for too long. */
export const DISABLED_REASONS = ['gone', 'failing'] as const;

/** A webhook, as returned to clients. Times are RFC 3339, UTC. */
export const webhookView = z.object({
  id: webhookId,
  url: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENT_TYPES)),
  consumerId: consumerId.optional(),
  description: z.string(),
  createdAt: z.iso.datetime(),
  status: z.enum(['enabled', 'disabled']),
  disabled: z.object({ at: z.iso.datetime(), reason: z.enum(DISABLED_REASONS) }).optional(),
});
export type WebhookView = z.infer<typeof webhookView>;

const webhookSecret = z.string().regex(/^whsec_[A-Za-z0-9+/]+=*$/, 'must be a secret of Standard Webhooks');

/** A webhook with its secret. Only the responses of POST /webhooks and POST /webhooks/{id}/secret contain a secret. */
export const webhookWithSecret = webhookView.extend({ secret: webhookSecret });
/** A new secret, and the end of the previous one. */
export const rotatedSecret = z.object({
  secret: webhookSecret,
  /** Until then, deliveries are also signed with the previous secret. */
  previousUntil: z.iso.datetime(),
});

/** All webhooks, without their secrets. */
export const webhookList = z.object({ webhooks: z.array(webhookView) });

/** The delivery of one event. open: the next attempt is at `nextAt`. failed: there are no more attempts. */
export const deliveryView = z.object({
  eventId: webhookEventId,
  status: z.enum(['open', 'delivered', 'failed']),
  /** Attempts since the last redelivery request. */
  attempts: z.int().min(0),
  at: z.iso.datetime().optional(),
  nextAt: z.iso.datetime().optional(),
  /** Status of the receiver's last response. */
  answered: z.int().optional(),
  error: z.string().optional(),
});
export type DeliveryView = z.infer<typeof deliveryView>;

/** Open deliveries by the time of their next attempt, and finished ones, newest first. */
export const deliveryList = z.object({ open: z.array(deliveryView), finished: z.array(deliveryView) });

/** Body of POST /webhooks/{id}/redeliver. */
export const redeliverRequest = z.strictObject({ failedSince: z.iso.datetime({ offset: true }) });

/** Number of events that are sent again. `left`: number of those that are not, since too many deliveries are open. */
export const redelivered = z.object({
  redelivered: z.int().min(0),
  left: z.int().min(0),
  status: z
    .enum(['enabled', 'disabled'])
    .describe('Status of the webhook. A disabled webhook receives the events when it is enabled.'),
});

/** Body of a delivery, after Standard Webhooks: type, timestamp, data. */
export const webhookPayload = z.object({
  type: z.enum(WEBHOOK_EVENT_TYPES),
  /** Time of the decision. */
  timestamp: z.iso.datetime(),
  data: z.object({
    orderId: z.string(),
    consumerId,
    status: z.enum(DECIDED_STATUSES),
    total: carriedMoney.optional(),
    /** The first 10; GET /orders/{id} has all of them. */
    reasons: z.array(reason).max(10),
  }),
});
export type WebhookPayload = z.infer<typeof webhookPayload>;
