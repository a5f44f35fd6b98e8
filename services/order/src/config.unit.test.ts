import { expect, test } from 'vitest';
import { orderConfig } from './config.ts';

const retentionOf = (text: string | undefined) =>
  orderConfig.shape.ORDER_RETENTION.safeParse(text === '' ? undefined : text);

test.each([
  ['30d', 2_592_000],
  ['12h', 43_200],
  ['5m', 300],
  ['10s', 10],
  ['off', 0],
  ['0', 0],
  ['0d', 0],
  ['', 2_592_000],
])('ORDER_RETENTION=%j means %j seconds', (text, seconds) => {
  expect(retentionOf(text)).toEqual({ success: true, data: seconds });
});

test.each(['30', '-1d', '1.5d', '30 d', '1w', 'never', '3651d', '9999999999d'])(
  'refuses ORDER_RETENTION=%j',
  (text) => {
    expect(retentionOf(text).success).toBe(false);
  },
);

test.each([
  ['', undefined],
  ['none', []],
  ['shop', ['shop']],
  [' shop, kiosk-1,', ['shop', 'kiosk-1']],
])('MESSAGE_CLIENTS=%j names %j', (text, names) => {
  expect(orderConfig.shape.MESSAGE_CLIENTS.parse(text)).toEqual(names && new Set(names));
});

test.each(['Shop', 'shop kiosk', 'shop,shop-dead', 'a/b'])('refuses MESSAGE_CLIENTS=%j', (text) => {
  expect(orderConfig.shape.MESSAGE_CLIENTS.safeParse(text).success).toBe(false);
});
