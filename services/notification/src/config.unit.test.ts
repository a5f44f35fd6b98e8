import { configFaults } from '@standing-order/service-kit/config';
import { expect, test } from 'vitest';
import { notificationConfig } from './config.ts';

const faults = (env: Record<string, string>) => {
  const all = { PORT: '8080', DAPR_GRPC_PORT: '50001', DAPR_HTTP_PORT: '3500', ...env };
  const { error } = notificationConfig.safeParse(all);
  return error ? configFaults(error, all) : [];
};

test.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])(
  '%s is refused unless WEBHOOKS_PROXY states what deliveries use',
  (name) => {
    const proxy = { [name]: 'http://proxy.example:3128' };
    expect(faults(proxy)).toEqual([
      `${name}: names a proxy that deliveries do not use: set WEBHOOKS_PROXY to the URL of a proxy, or to "direct"`,
    ]);
    expect(faults({ ...proxy, WEBHOOKS_PROXY: 'direct' })).toEqual([]);
    expect(faults({ ...proxy, WEBHOOKS_PROXY: 'http://user:secret@proxy.example:3128' })).toEqual([]);
    expect(faults({})).toEqual([]);
  },
);

test('faults of webhook settings are listed with all others, without values', () => {
  const found = faults({
    PORT: 'x',
    WEBHOOKS_PROXY: 'socks5://user:secret@proxy.example',
    WEBHOOKS_CA_FILE: '/missing/ca.crt',
    WEBHOOKS_NAT64_PREFIXES: '64:ff9b::/96,2001:db8::/64',
    HTTPS_PROXY: 'http://user:secret@proxy.example',
    APP_API_TOKEN: 'secret',
    AUTH_ISSUER: 'https://issuer.example',
  });
  expect(found.map((line) => line.split(':')[0]).sort()).toEqual([
    'AUTH_AUDIENCE',
    'PORT',
    'WEBHOOKS_CA_FILE',
    'WEBHOOKS_NAT64_PREFIXES',
    'WEBHOOKS_PROXY',
  ]);
  expect(found.join()).not.toContain('secret');
});
