import { z } from 'zod';
import { carriedConsumer, carriedRestaurant, changed } from './changes.ts';
import { type CloudEvent, cloudEvent } from './cloud-event.ts';
import { clientName, consumerId, correlationId, entityId, orderId } from './ids.ts';
import { carriedMoney } from './money.ts';
import { DECIDED_STATUSES, MAX_ORDER_LINES, orderLine, orderRequest, orderView, pricedLine, reason } from './order.ts';
import { fieldFault } from './problem.ts';

/**
 * Identifies the attempt of a command. A reply has the token of its command, unchanged. In a message `w` is signed
 * (ADR 0074): receivers take it for any text.
 */
export const token = z.object({ w: z.string().min(1).max(64), a: z.int().min(1), t: z.number() });

const orderReference = { orderId, token };
const reasons = z
  .array(reason)
  .min(1)
  .max(2 * MAX_ORDER_LINES);

/** The schema of each message's data, by type. The version is part of the type, and a version never changes. */
export const messageData = {
  'com.standing-order.validate-consumer-info.v1': z.object({ ...orderReference, consumerId }),
  'com.standing-order.validate-order-details.v1': z.object({
    ...orderReference,
    restaurantId: entityId,
    lines: z.array(z.object(orderLine.shape)).min(1).max(MAX_ORDER_LINES),
  }),
  'com.standing-order.consumer-changed.v1': changed(carriedConsumer),
  'com.standing-order.restaurant-changed.v1': changed(carriedRestaurant),
  'com.standing-order.consumer-validated.v1': z.object({ ...orderReference, orderLimit: carriedMoney }),
  'com.standing-order.consumer-refused.v1': z.object({ ...orderReference, reasons }),
  'com.standing-order.order-details-validated.v1': z.object({
    ...orderReference,
    lines: z.array(pricedLine).min(1).max(MAX_ORDER_LINES),
    total: carriedMoney,
  }),
  'com.standing-order.order-details-refused.v1': z.object({ ...orderReference, reasons }),
  'com.standing-order.create-order.v1': z.object({
    correlationId,
    replyTo: clientName,
    request: orderRequest,
    readsBatches: z
      .boolean()
      .optional()
      .describe(
        'Whether the client reads batch messages of outcomes. Without it, each outcome is a message of its own.',
      ),
  }),
  'com.standing-order.order-outcome.v1': z.object({ ...orderReference, correlationId, order: orderView }),
  'com.standing-order.order-request-refused.v1': z.object({
    correlationId: correlationId.optional(),
    detail: z.string().max(500),
    errors: z.array(fieldFault),
  }),
  'com.standing-order.outcome-received.v1': z.object(orderReference),
  'com.standing-order.order-settled.v1': z.object({
    ...orderReference,
    consumerId,
    status: z.enum(DECIDED_STATUSES),
    /** Only of a VALIDATED order. */
    total: carriedMoney.optional(),
    /** Empty unless REJECTED. */
    reasons: z.array(reason).max(2 * MAX_ORDER_LINES),
    settledAt: z.iso.datetime(),
  }),
  'com.standing-order.settlement-noted.v1': z.object(orderReference),
} as const;

/** The type of a message. */
export type MessageType = keyof typeof messageData;
/** The data of a message of this type. */
export type MessageData<Type extends MessageType> = z.infer<(typeof messageData)[Type]>;

/** A message of one of these types, as a union discriminated by `type`. */
export type Message<Type extends MessageType = MessageType> = Type extends MessageType
  ? CloudEvent<Type, MessageData<Type>>
  : never;

/** Parses an event whose type is one of these. */
export const messageSchema = <Type extends MessageType>(types: readonly Type[]): z.ZodType<Message<Type>> =>
  z.discriminatedUnion(
    'type',
    types.map((type) => cloudEvent.extend({ type: z.literal(type), data: messageData[type] })) as never,
  ) as unknown as z.ZodType<Message<Type>>;
