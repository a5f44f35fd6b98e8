import { z } from 'zod';
import { type MessageData, type MessageType, messageData } from './messages.ts';

/** What makes a message one attempt about one order; a question that is asked directly has neither. */
const envelope = { orderId: true, token: true } as const;

type Bare<Type extends MessageType> = Omit<MessageData<Type>, keyof typeof envelope>;

/** A command's question without its order: body of POST /validations. */
export const validationRequest = <Type extends MessageType>(type: Type): z.ZodType<Bare<Type>> =>
  (messageData[type] as z.ZodObject).omit(envelope) as unknown as z.ZodType<Bare<Type>>;

/** A validator's answer to it: type and data of the message that would be the reply. */
export type Verdict<Type extends MessageType = MessageType> = Type extends MessageType
  ? { readonly type: Type; readonly data: Bare<Type> }
  : never;

/** Parses a verdict whose type is one of these. */
export const verdictSchema = <Type extends MessageType>(types: readonly Type[]): z.ZodType<Verdict<Type>> =>
  z.discriminatedUnion(
    'type',
    types.map((type) => z.object({ type: z.literal(type), data: validationRequest(type) })) as never,
  ) as unknown as z.ZodType<Verdict<Type>>;

/** Types of the verdicts about who orders, and about what is ordered. */
export const VERDICT_TYPES = {
  consumer: ['com.standing-order.consumer-validated.v1', 'com.standing-order.consumer-refused.v1'],
  details: ['com.standing-order.order-details-validated.v1', 'com.standing-order.order-details-refused.v1'],
} as const satisfies Record<string, readonly MessageType[]>;

export type ConsumerVerdict = Verdict<(typeof VERDICT_TYPES)['consumer'][number]>;
export type DetailsVerdict = Verdict<(typeof VERDICT_TYPES)['details'][number]>;
