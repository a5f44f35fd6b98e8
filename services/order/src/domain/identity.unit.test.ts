import { orderId, orderRequest } from '@standing-order/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint, idFromKey } from './identity.ts';

const text =
  '{"consumerId":"ada","restaurantId":"trattoria","lines":[{"itemId":"pizza","quantity":1},{"itemId":"water","quantity":2}]}';
const parse = (json: string) => orderRequest.parse(JSON.parse(json));

describe('the fingerprint of a request', () => {
  it('does not depend on the order of keys or on white space', () => {
    const shuffled = `{ "lines": [ {"quantity":1, "itemId":"pizza"}, {"quantity":2.0,"itemId":"water"} ],
      "restaurantId":"trattoria", "consumerId":"ada" }`;
    expect(fingerprint(parse(shuffled))).toBe(fingerprint(parse(text)));
  });

  it('has not changed for stored orders', () => {
    expect(fingerprint(parse(text))).toBe('1:pOphdrZtcrI4lQxADMPjUenRqtuFk7Dp0aKkT0fRQvA');
  });

  it.each([
    ['the consumer', text.replace('ada', 'bob')],
    ['the restaurant', text.replace('trattoria', 'bistro')],
    ['an item', text.replace('pizza', 'pasta')],
    ['a quantity', text.replace('"quantity":1', '"quantity":3')],
  ])('differs with %s', (_, other) => {
    expect(fingerprint(parse(other))).not.toBe(fingerprint(parse(text)));
  });
});

describe('the id of an Idempotency-Key', () => {
  it('is a valid order id, the same only for the same client and key', () => {
    const part = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(part, part, part, part, (client, key, otherClient, otherKey) => {
        const id = idFromKey(client, key);
        expect(orderId.safeParse(id).success).toBe(true);
        const same = client === otherClient && key === otherKey;
        expect(idFromKey(otherClient, otherKey) === id).toBe(same);
      }),
    );
  });

  it('has not changed for used keys', () => {
    expect(idFromKey('anonymous', 'key-1')).toBe('e7357d6d-bf5d-8dff-bbd8-e3e4900b85c3');
  });

  it('depends on the boundary between client and key', () => {
    expect(idFromKey('ab', 'c')).not.toBe(idFromKey('a', 'bc'));
  });
});
