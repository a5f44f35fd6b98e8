import { expect, test } from 'vitest';
import { usageText } from './usage.ts';

const urls = {
  order: ['http://127.0.0.1:4000'],
  consumer: ['http://127.0.0.1:4100'],
  restaurant: ['http://127.0.0.1:4200'],
  notification: [],
};
const usage = (options: { dataDir?: string; env?: Parameters<typeof usageText>[1] } = {}) =>
  usageText({ urls, dataDir: options.dataDir ?? '/data' }, options.env);

test('names the services that accept requests without a token', () => {
  expect(usage()).toContain('Authentication is off: any caller has full access.');
  const issuer = { AUTH_ISSUER: 'https://issuer.example' };
  expect(usage({ env: { order: issuer, restaurant: issuer } })).toContain('Authentication is off for consumer: any');
  const closed = usage({ env: { order: issuer, consumer: issuer, restaurant: issuer } });
  expect(closed).toContain("Authentication is on: add -H 'authorization: Bearer TOKEN' to requests.");
  expect(closed).not.toContain('off');
});

test('quotes a data directory that a shell would split', () => {
  expect(usage()).toContain('npm run processes -- list --data-dir /data\n');
  expect(usage({ dataDir: "/my data/it's" })).toContain(`kill consumer-1 --data-dir '/my data/it'\\''s'\n`);
});
