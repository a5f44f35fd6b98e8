import type { Consumer, ConsumerVerdict, MessageData, Reason } from '@standing-order/contracts';

type Command = Pick<MessageData<'com.standing-order.validate-consumer-info.v1'>, 'consumerId'>;

/**
 * Decides whether a consumer may place an order, and up to which total. The total itself is not an input: the order compares
 * it with the limit.
 *
 * Reasons of a refusal: `CONSUMER_NOT_FOUND`, `CONSUMER_INACTIVE`. They refer to the field `consumerId`.
 *
 * Pure: the same consumer gives the same verdict, in the consumer service and on a local copy.
 *
 * @param consumer undefined if it does not exist
 */
export function validateConsumer(
  consumer: Pick<Consumer, 'active' | 'orderLimit'> | undefined,
  { consumerId }: Command,
): ConsumerVerdict {
  if (!consumer) return refused('CONSUMER_NOT_FOUND', `consumer ${consumerId} does not exist`);
  if (!consumer.active) return refused('CONSUMER_INACTIVE', `consumer ${consumerId} is not active`);
  return { type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: consumer.orderLimit } };
}

function refused(code: Reason['code'], detail: string): ConsumerVerdict {
  const reasons = [{ code, detail, field: 'consumerId' }];
  return { type: 'com.standing-order.consumer-refused.v1', data: { reasons } };
}
