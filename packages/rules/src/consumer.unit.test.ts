import type { Consumer } from '@standing-order/contracts';
import { describe, expect, it } from 'vitest';
import { validateConsumer } from './consumer.ts';

const ada: Consumer = { id: 'ada', name: 'Ada', active: true, orderLimit: { amount: 5000, currency: 'EUR' } };

describe('validateConsumer', () => {
  it('returns the order limit of an active consumer', () => {
    expect(validateConsumer(ada, { consumerId: 'ada' })).toEqual({
      type: 'com.standing-order.consumer-validated.v1',
      data: { orderLimit: { amount: 5000, currency: 'EUR' } },
    });
  });

  it.each([
    ['does not exist', undefined, 'CONSUMER_NOT_FOUND'],
    ['is not active', { ...ada, active: false }, 'CONSUMER_INACTIVE'],
  ])('refuses a consumer that %s', (_, consumer, code) => {
    expect(validateConsumer(consumer, { consumerId: 'ada' })).toMatchObject({
      type: 'com.standing-order.consumer-refused.v1',
      data: { reasons: [{ code, field: 'consumerId' }] },
    });
  });
});
