import { messageData } from '@standing-order/contracts';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createTokenSigner, KEY_LENGTH } from './token-signature.ts';

const [key, next, foreign] = [1, 2, 3].map((byte) => Buffer.alloc(KEY_LENGTH, byte)) as [Buffer, Buffer, Buffer];
const signer = createTokenSigner([key]);
const [orderId, otherOrderId] = ['01890a5d-ac96-774b-bcce-000000000001', '01890a5d-ac96-774b-bcce-000000000002'];
/** As the outbox names its writers. */
const token = { w: 'a'.repeat(24), a: 3, t: 1234.567891 };
const channels = ['consumer', 'details', 'response', 'notification'] as const;

const writer = fc.stringMatching(/^[0-9a-v]{1,24}$/);
const anyToken = fc.record({ w: writer, a: fc.integer({ min: 1 }), t: fc.double({ min: 0, max: 1e12, noNaN: true }) });

test('a signed token is the token of its own order, channel and attempt only', () => {
  const change = fc.constantFrom('order', 'channel', 'writer', 'attempt', 'time', 'signature', 'nothing');
  fc.assert(
    fc.property(anyToken, fc.constantFrom(...channels), change, (sent, channel, changed) => {
      const signed = signer.sign(sent, orderId, channel);
      const received = {
        w: changed === 'writer' ? `z${signed.w}` : changed === 'signature' ? `${signed.w.slice(0, -2)}-_` : signed.w,
        a: changed === 'attempt' ? signed.a + 1 : signed.a,
        t: changed === 'time' ? signed.t + 1 : signed.t,
      };
      const other = channels[(channels.indexOf(channel) + 1) % channels.length] ?? channel;
      const result = signer.verify(
        received,
        changed === 'order' ? otherOrderId : orderId,
        changed === 'channel' ? other : channel,
      );
      if (changed === 'signature' && received.w === signed.w) return;
      expect(result).toEqual(changed === 'nothing' ? { token: sent } : { fault: 'forged' });
    }),
  );
});

test('no text that was not signed is a signature', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      expect(signer.verify({ ...token, w: `${token.w}.${text}` }, orderId, 'details')).toEqual({ fault: 'forged' });
    }),
  );
});

describe('a signed token', () => {
  it('fits the schema of tokens, which all versions of the receivers have', () => {
    const data = { orderId, token: signer.sign(token, orderId, 'response') };
    expect(messageData['com.standing-order.outcome-received.v1'].parse(data)).toEqual(data);
  });

  it('is valid after a store that keeps six decimals of its time', () => {
    const signed = signer.sign({ ...token, t: 0.1 + 0.2 }, orderId, 'response');
    expect(signer.verify({ ...signed, t: 0.3 }, orderId, 'response')).toEqual({ token: { ...token, t: 0.3 } });
  });

  it('is signed anew when an earlier version has stored it with its signature', () => {
    const signed = signer.sign(token, orderId, 'response');
    expect(signer.sign(signed, orderId, 'response')).toEqual(signed);
  });
});

test('keys rotate with an overlap: the first key signs, each key verifies', () => {
  const [before, added, moved, after] = [[key], [key, next], [next, key], [next]].map((keys) =>
    createTokenSigner(keys),
  ) as [typeof signer, typeof signer, typeof signer, typeof signer];
  const verifies = (one: typeof signer, other: typeof signer) =>
    'token' in other.verify(one.sign(token, orderId, 'consumer'), orderId, 'consumer');
  for (const [one, other] of [
    [before, added],
    [added, moved],
    [moved, after],
  ] as const) {
    expect([verifies(one, other), verifies(other, one)]).toEqual([true, true]);
  }
  expect(verifies(before, after)).toBe(false);
  expect(verifies(createTokenSigner([foreign]), moved)).toBe(false);
});

test('an unsigned token counts only if signatures are not required; a false signature never does', () => {
  const lenient = createTokenSigner([key], { required: false });
  expect(signer.verify(token, orderId, 'consumer')).toEqual({ fault: 'unsigned' });
  expect(lenient.verify(token, orderId, 'consumer')).toEqual({ token });
  const foreignToken = createTokenSigner([foreign]).sign(token, orderId, 'consumer');
  expect(lenient.verify(foreignToken, orderId, 'consumer')).toEqual({ fault: 'forged' });
});

test('a signer needs a key', () => {
  expect(() => createTokenSigner([])).toThrow('at least one key');
});
