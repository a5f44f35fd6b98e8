import type { Consumer } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { validate } from './consumer.ts';

const ada: Consumer = { id: 'ada', name: 'Ada', active: true, orderLimit: { amount: 5000, currency: 'EUR' } };

describe('the consumer service validating who orders', () => {
  it('says up to which total an active consumer may order', () => {
    expect(validate(ada, { consumerId: 'ada' })).toEqual({
      type: 'com.standing-order.consumer-validated.v1',
      data: { orderLimit: { amount: 5000, currency: 'EUR' } },
    });
  });

  it.each([
    ['it does not know', undefined, 'CONSUMER_NOT_FOUND'],
    ['who is not active', { ...ada, active: false }, 'CONSUMER_INACTIVE'],
  ])('refuses one %s', (_, consumer, code) => {
    expect(validate(consumer, { consumerId: 'ada' })).toMatchObject({
      type: 'com.standing-order.consumer-refused.v1',
      data: { reasons: [{ code, field: 'consumerId' }] },
    });
  });
});
