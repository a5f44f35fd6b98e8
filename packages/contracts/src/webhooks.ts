import { z } from 'zod';
import { entityId } from './ids.ts';
import { carriedMoney } from './money.ts';
import { DECIDED_STATUSES, reason } from './order.ts';

/** What a webhook can be told of. Closed; more may come. */
export const WEBHOOK_EVENT_TYPES = ['order.validated', 'order.rejected', 'order.expired'] as const;
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** Most characters of a webhook's URL. */
export const MAX_WEBHOOK_URL = 2_048;

/** Id of a webhook: a UUIDv7 in lower case. */
export const webhookId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'must be the id of a webhook');

/** Id of an event, the same in each delivery of it: `webhook-id` of Standard Webhooks. */
export const webhookEventId = z
  .string()
  .regex(/^settled-[0-9a-f-]{36}$/, 'must be the id of an event, as deliveries show it');

/** Body of POST /webhooks. Without `events` it is told of all types, without `consumerId` of all consumers. */
export const webhookRequest = z.strictObject({
  url: z.string().min(1).max(MAX_WEBHOOK_URL),
  events: z.array(z.enum(WEBHOOK_EVENT_TYPES)).min(1).max(WEBHOOK_EVENT_TYPES.length).optional(),
  consumerId: entityId.optional(),
  description: z.string().max(200).default(''),
});
export type WebhookRequest = z.infer<typeof webhookRequest>;

/** Why a webhook is told of nothing any more: its receiver answered 410, or it has failed for too long. */
export const DISABLED_REASONS = ['gone', 'failing'] as const;

/** A webhook as it is shown. Times are RFC 3339, UTC. */
export const webhookView = z.object({
  id: webhookId,
  url: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENT_TYPES)),
  consumerId: entityId.optional(),
  description: z.string(),
  createdAt: z.iso.datetime(),
  status: z.enum(['enabled', 'disabled']),
  disabled: z.object({ at: z.iso.datetime(), reason: z.enum(DISABLED_REASONS) }).optional(),
});
export type WebhookView = z.infer<typeof webhookView>;

const webhookSecret = z.string().regex(/^whsec_[A-Za-z0-9+/]+=*$/, 'must be a secret of Standard Webhooks');

/** The only answers that ever show a secret: to POST /webhooks and POST /webhooks/{id}/secret. */
export const webhookWithSecret = webhookView.extend({ secret: webhookSecret });
/** A new secret, and how long the old one goes on. */
export const rotatedSecret = z.object({
  secret: webhookSecret,
  /** Until then deliveries carry a signature of the secret before, too. */
  previousUntil: z.iso.datetime(),
});

/** All webhooks, none with its secret. */
export const webhookList = z.object({ webhooks: z.array(webhookView) });

/** What became of one event. open: it is tried again at `nextAt`. failed: given up. */
export const deliveryView = z.object({
  eventId: webhookEventId,
  status: z.enum(['open', 'delivered', 'failed']),
  /** How often it was sent, since it was last asked for by hand. */
  attempts: z.int().min(0),
  at: z.iso.datetime().optional(),
  nextAt: z.iso.datetime().optional(),
  /** What the receiver answered last. */
  answered: z.int().optional(),
  error: z.string().optional(),
});
export type DeliveryView = z.infer<typeof deliveryView>;

/** Open deliveries by when they are tried next, then finished ones, newest first. */
export const deliveryList = z.object({ open: z.array(deliveryView), finished: z.array(deliveryView) });

/** Body of POST /webhooks/{id}/redeliver. */
export const redeliverRequest = z.strictObject({ failedSince: z.iso.datetime({ offset: true }) });

/** How many events are sent again; `left`: how many are not, for now there is no room for more. */
export const redelivered = z.object({
  redelivered: z.int().min(0),
  left: z.int().min(0),
  status: z
    .enum(['enabled', 'disabled'])
    .describe('Of the webhook. To one that is disabled they are sent once it is enabled.'),
});

/** Body of a delivery, after Standard Webhooks: type, timestamp, data. */
export const webhookPayload = z.object({
  type: z.enum(WEBHOOK_EVENT_TYPES),
  /** When it happened. */
  timestamp: z.iso.datetime(),
  data: z.object({
    orderId: z.string(),
    consumerId: entityId,
    status: z.enum(DECIDED_STATUSES),
    total: carriedMoney.optional(),
    /** The first 10; GET /orders/{id} has all of them. */
    reasons: z.array(reason).max(10),
  }),
});
export type WebhookPayload = z.infer<typeof webhookPayload>;
