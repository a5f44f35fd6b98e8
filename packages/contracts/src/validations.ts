import { z } from 'zod';
import { type MessageData, type MessageType, messageData } from './messages.ts';

/** The fields that make a command one attempt for one order. A synchronous request has neither. */
const attemptFields = { orderId: true, token: true } as const;

type WithoutAttempt<Type extends MessageType> = Omit<MessageData<Type>, keyof typeof attemptFields>;

/** A command without order and token: body of POST /validations. */
export const validationRequest = <Type extends MessageType>(type: Type): z.ZodType<WithoutAttempt<Type>> =>
  (messageData[type] as z.ZodObject).omit(attemptFields) as unknown as z.ZodType<WithoutAttempt<Type>>;

/** A verdict: type and data of the message that would be the reply. */
export type Verdict<Type extends MessageType = MessageType> = Type extends MessageType
  ? { readonly type: Type; readonly data: WithoutAttempt<Type> }
  : never;

/** The schema of a verdict with one of these types. */
export const verdictSchema = <Type extends MessageType>(types: readonly Type[]): z.ZodType<Verdict<Type>> =>
  z.discriminatedUnion(
    'type',
    types.map((type) => z.object({ type: z.literal(type), data: validationRequest(type) })) as never,
  ) as unknown as z.ZodType<Verdict<Type>>;

/** The types of the verdicts on the consumer, and on the details of an order. */
export const VERDICT_TYPES = {
  consumer: ['com.standing-order.consumer-validated.v1', 'com.standing-order.consumer-refused.v1'],
  details: ['com.standing-order.order-details-validated.v1', 'com.standing-order.order-details-refused.v1'],
} as const satisfies Record<string, readonly MessageType[]>;

/** A verdict on the consumer of an order. */
export type ConsumerVerdict = Verdict<(typeof VERDICT_TYPES)['consumer'][number]>;
/** A verdict on the details of an order. */
export type DetailsVerdict = Verdict<(typeof VERDICT_TYPES)['details'][number]>;
