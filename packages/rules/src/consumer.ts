import type { Consumer, MessageData, Reason } from '@standing-order/contracts';

/** What ValidateConsumerInfo is answered with. */
export type Verdict =
  | { readonly type: 'com.standing-order.consumer-validated.v1'; readonly data: Pick<Consumer, 'orderLimit'> }
  | { readonly type: 'com.standing-order.consumer-refused.v1'; readonly data: { readonly reasons: Reason[] } };

type Command = Pick<MessageData<'com.standing-order.validate-consumer-info.v1'>, 'consumerId'>;

/** Whether this consumer may order, and up to which total. The total itself is not known here. Pure. */
export function validate(
  consumer: Pick<Consumer, 'active' | 'orderLimit'> | undefined,
  { consumerId }: Command,
): Verdict {
  if (!consumer) return refused({ code: 'CONSUMER_NOT_FOUND', detail: `there is no consumer ${consumerId}` });
  if (!consumer.active)
    return refused({ code: 'CONSUMER_INACTIVE', detail: `the consumer ${consumerId} is not active` });
  return { type: 'com.standing-order.consumer-validated.v1', data: { orderLimit: consumer.orderLimit } };
}

function refused(reason: Omit<Reason, 'field'>): Verdict {
  return { type: 'com.standing-order.consumer-refused.v1', data: { reasons: [{ ...reason, field: 'consumerId' }] } };
}
