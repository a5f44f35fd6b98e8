// @module-tag kubeconform
// @module-tag helm
import { TOPICS } from '@standing-order/contracts';
import { describe, expect, test } from 'vitest';
import { settings } from './components.ts';
import { containerOf, notes, ofKind, one, render, services, type Values, variable } from './helm.ts';

const redis = (external: Values): Values => ({
  stateStore: { inChart: false, external: { address: 'redis.example:6380', ...external } },
});
const kafka = (external: Values): Values => ({
  broker: { kind: 'kafka', inChart: false, external: { address: 'kafka.example:9093', ...external } },
});
const component = async (name: string, values: Values) => settings(one(await render(values), 'Component', name));
const fromSecret = (key: string, name = 'mine') => ({ name, key });

describe('an external Redis', () => {
  test('with an ACL user, TLS and a client certificate', async () => {
    const clientCertificate = { secret: 'certificate' };
    const external = { username: 'orders', existingSecret: 'mine', tls: true, clientCertificate };
    expect(await component('state', redis({ ...external, keys: { password: 'redis-password' } }))).toMatchObject({
      redisHost: 'redis.example:6380',
      redisUsername: 'orders',
      redisPassword: fromSecret('redis-password'),
      enableTLS: 'true',
      clientCert: fromSecret('tls.crt', 'certificate'),
      clientKey: fromSecret('tls.key', 'certificate'),
    });
  });

  test('behind Sentinel, whose servers the NetworkPolicies let the pods reach', async () => {
    const address = 's-1.example:26379,s-2.example:26379';
    const sentinel = { masterName: 'orders', username: 'watch', passwordKey: 'sentinel' };
    const values = redis({ address, existingSecret: 'mine', sentinel });
    expect(await component('state', values)).toMatchObject({
      redisHost: address,
      failover: 'true',
      sentinelMasterName: 'orders',
      sentinelUsername: 'watch',
      sentinelPassword: fromSecret('sentinel'),
    });
    const { egress } = one(await render(values), 'NetworkPolicy', 'so-order').spec;
    for (const port of [26379, 6379]) expect(egress).toContainEqual({ ports: [{ port }] });
  });

  test('with no user, TLS or Sentinel has none of their settings', async () => {
    const names = Object.keys(await component('state', redis({})));
    expect(names.filter((name) => /sentinel|failover|user|password|tls|client/i.test(name))).toEqual([]);
  });
});

describe('an external Kafka', () => {
  test.each([
    ['plain', 'PLAIN', 'plaintext'],
    ['scram-sha-256', 'SHA-256', 'scram_sha256'],
    ['scram-sha-512', 'SHA-512', 'scram_sha512'],
    ['', 'SHA-512', 'scram_sha512'],
  ])('with the authentication %o, for sidecars and KEDA', async (authentication, saslMechanism, sasl) => {
    const values = kafka({ authentication, existingSecret: 'mine', tls: true });
    expect(await component('messages', values)).toMatchObject({
      authType: 'password',
      saslMechanism,
      saslUsername: fromSecret('username'),
      saslPassword: fromSecret('password'),
      disableTls: 'false',
    });
    const objects = await render({ ...values, keda: { enabled: true } });
    expect(one(objects, 'ScaledObject', 'so-order').spec.triggers[0].metadata).toMatchObject({ sasl, tls: 'enable' });
    expect(one(objects, 'TriggerAuthentication', 'so-broker').spec).toEqual({
      secretTargetRef: ['password', 'username'].map((key) => ({ parameter: key, name: 'mine', key })),
    });
  });

  test('with a user by value, as operators create secrets without it', async () => {
    const values = kafka({ existingSecret: 'mine', username: 'orders', keys: { password: 'pass' } });
    expect(await component('messages', values)).toMatchObject({
      saslUsername: 'orders',
      saslPassword: fromSecret('pass'),
    });
    const objects = await render({ ...values, keda: { enabled: true } });
    expect(one(objects, 'ConfigMap', 'so-keda-broker').data).toEqual({ username: 'orders' });
    expect(one(objects, 'TriggerAuthentication', 'so-broker').spec).toEqual({
      secretTargetRef: [{ parameter: 'password', name: 'mine', key: 'pass' }],
      configMapTargetRef: [{ parameter: 'username', name: 'so-keda-broker', key: 'username' }],
    });
  });

  test('with OIDC, whose token endpoint the pods may reach', async () => {
    const oidc = { tokenEndpoint: 'https://login.example:8443/token', scopes: ['kafka', 'openid'] };
    const values = kafka({ authentication: 'oidc', existingSecret: 'mine', oidc, tls: true });
    expect(await component('messages', values)).toMatchObject({
      authType: 'oidc',
      oidcTokenEndpoint: oidc.tokenEndpoint,
      oidcClientID: fromSecret('clientId'),
      oidcClientSecret: fromSecret('clientSecret'),
      oidcScopes: 'kafka,openid',
    });
    const objects = await render({ ...values, keda: { enabled: true } });
    expect(one(objects, 'NetworkPolicy', 'so-order').spec.egress).toContainEqual({ ports: [{ port: 8443 }] });
    expect(one(objects, 'ScaledObject', 'so-order').spec.triggers[0].metadata.sasl).toBe('oauthbearer');
    expect(one(objects, 'ConfigMap', 'so-keda-broker').data).toEqual({
      oauthTokenEndpointUri: oidc.tokenEndpoint,
      scopes: 'kafka,openid',
    });
  });

  test('with a client certificate and a private authority', async () => {
    const files = { ca: { secret: 'ca' }, clientCertificate: { secret: 'user', certificateKey: 'user.crt' } };
    const values = kafka({ authentication: 'mtls', tls: true, ...files });
    expect(await component('messages', values)).toMatchObject({
      authType: 'mtls',
      caCert: fromSecret('ca.crt', 'ca'),
      clientCert: fromSecret('user.crt', 'user'),
      clientKey: fromSecret('tls.key', 'user'),
      disableTls: 'false',
    });
    const objects = await render({ ...values, keda: { enabled: true } });
    const { secretTargetRef } = one(objects, 'TriggerAuthentication', 'so-broker').spec;
    expect(secretTargetRef.map(({ parameter }: Values) => parameter)).toEqual(['ca', 'cert', 'key']);
  });

  test('with TLS and no authentication never has authType none, with which Dapr switches TLS off', async () => {
    const metadata = await component('messages', kafka({ tls: true, ca: { secret: 'ca' } }));
    expect(metadata).toMatchObject({
      authType: 'certificate',
      disableTls: 'false',
      caCert: fromSecret('ca.crt', 'ca'),
    });
    await expect(render(kafka({ tls: true }))).rejects.toThrow('set broker.external.ca.secret');
  });

  test('that creates no topics: the notes list all of them, with those of clients', async () => {
    const values = kafka({ autoCreateTopics: false });
    const text = await notes({ broker: { ...(values.broker as Values), clients: [{ appId: 'kiosk' }] } });
    const topics = [...Object.values(TOPICS).map(({ name }) => name), 'order-outcomes-kiosk'];
    for (const topic of topics.flatMap((name) => [name, `${name}-dead`])) expect(text).toContain(`\n  ${topic}\n`);
    expect(await notes(kafka({}))).not.toContain('order-replies-dead');
  });
});

test.each([
  ['redis', 'redis'],
  ['kafka', 'redis'],
  ['redis', 'postgresql'],
])('metadata by value replaces that of the chart and adds to it (%s, %s)', async (broker, store) => {
  const metadata = { clientName: 'orders', initTimeout: '20s', apiKey: { name: 'mine', key: 'api' } };
  const values = { broker: { kind: broker, metadata }, stateStore: { kind: store, metadata } };
  for (const name of ['messages', 'state']) {
    expect(await component(name, values)).toMatchObject({
      clientName: 'orders',
      initTimeout: '20s',
      apiKey: { name: 'mine', key: 'api' },
    });
  }
  const changed = { stateStore: { kind: 'postgresql', metadata: { maxConns: '4', queryExecMode: 'exec' } } };
  expect(await component('state', changed)).toMatchObject({ maxConns: '4', queryExecMode: 'exec' });
});

test('an external PostgreSQL has its connection string under any key', async () => {
  const external = { existingSecret: 'orders-db-app', keys: { connectionString: 'uri' } };
  const state = await component('state', { stateStore: { kind: 'postgresql', inChart: false, external } });
  expect(state.connectionString).toEqual({ name: 'orders-db-app', key: 'uri' });
});

test.each([{ configMap: 'ca' }, { secret: 'ca' }])(
  'services and sidecars trust the authorities of caBundle: %o',
  async (source) => {
    const objects = await render({ caBundle: { ...source, key: 'bundle.pem' } });
    for (const service of services) {
      const { metadata, spec } = one(objects, 'Deployment', `so-${service}`).spec.template;
      const [kind] = Object.keys(source);
      const items = [{ key: 'bundle.pem', path: 'bundle.pem' }];
      expect(spec.volumes).toContainEqual({
        name: 'ca-bundle',
        ...(kind === 'secret' ? { secret: { secretName: 'ca', items } } : { configMap: { name: 'ca', items } }),
      });
      expect(variable(objects, service, 'NODE_EXTRA_CA_CERTS')).toBe('/etc/ca-bundle/bundle.pem');
      expect(containerOf(objects, service).volumeMounts).toContainEqual({
        name: 'ca-bundle',
        mountPath: '/etc/ca-bundle',
        readOnly: true,
      });
      expect(metadata.annotations).toMatchObject({
        'dapr.io/env': expect.stringMatching(/^GOMEMLIMIT=[0-9]+,SSL_CERT_DIR=\/etc\/ca-bundle$/),
        'dapr.io/volume-mounts': 'ca-bundle:/etc/ca-bundle',
      });
    }
  },
);

test('without caBundle nothing of it is rendered', async () => {
  expect(JSON.stringify(ofKind(await render(), 'Deployment'))).not.toMatch(/ca-bundle|NODE_EXTRA|SSL_CERT/);
});

describe('the chart refuses', () => {
  test.each<[string, Values, string]>([
    ['SASL without a secret', kafka({ authentication: 'plain' }), 'set broker.external.existingSecret'],
    [
      'OIDC without its endpoint',
      kafka({ authentication: 'oidc', existingSecret: 'mine' }),
      'set broker.external.oidc.tokenEndpoint',
    ],
    [
      'mtls without TLS',
      kafka({ authentication: 'mtls', clientCertificate: { secret: 'c' } }),
      'is mtls: set broker.external.tls to true',
    ],
    [
      'mtls without a certificate',
      kafka({ authentication: 'mtls', tls: true, ca: { secret: 'ca' } }),
      'set broker.external.clientCertificate.secret',
    ],
    [
      'mtls without an authority',
      kafka({ authentication: 'mtls', tls: true, clientCertificate: { secret: 'c' } }),
      'set broker.external.ca.secret',
    ],
    [
      'a certificate that Kafka would not be sent',
      kafka({ clientCertificate: { secret: 'c' } }),
      'set broker.external.authentication to mtls',
    ],
    [
      'an authority without TLS',
      kafka({ ca: { secret: 'ca' } }),
      'broker.external.ca is set, but not broker.external.tls',
    ],
    [
      'a secret with the authentication none',
      kafka({ authentication: 'none', existingSecret: 'mine' }),
      'is none, but broker.external.existingSecret is set',
    ],
    [
      'several Redis servers without Sentinel',
      redis({ address: 'a:1,b:1' }),
      'set stateStore.external.sentinel.masterName',
    ],
    [
      'a client certificate without TLS',
      redis({ clientCertificate: { secret: 'c' } }),
      'stateStore.external.clientCertificate is set, but not stateStore.external.tls',
    ],
    [
      'a password of sentinels without a secret',
      redis({ sentinel: { masterName: 'm', passwordKey: 'p' } }),
      'set stateStore.external.existingSecret to the secret with this key',
    ],
    [
      'settings of Kafka for a Redis',
      { broker: { inChart: false, external: { address: 'a:1', authentication: 'plain' } } },
      'broker.external.authentication and broker.external.ca are for Kafka',
    ],
    [
      'settings of Redis for a PostgreSQL',
      { stateStore: { kind: 'postgresql', inChart: false, external: { existingSecret: 'm', username: 'u' } } },
      'stateStore.external.username, clientCertificate and sentinel are for Redis',
    ],
    [
      'a password secret of the chart for an external store',
      { stateStore: { inChart: false, passwordSecret: 'm', external: { address: 'a:1' } } },
      'set stateStore.external.existingSecret',
    ],
    [
      'a password secret for the Kafka in the chart',
      { broker: { kind: 'kafka', passwordSecret: 'm' } },
      'the Kafka in the chart has no password',
    ],
    [
      'certificates of two sources',
      { caBundle: { configMap: 'a', secret: 'b' } },
      'set one of caBundle.configMap and caBundle.secret',
    ],
    ['an address without a port', redis({ address: 'redis.example' }), 'does not match pattern'],
  ])('%s', async (_, values, sentence) => {
    await expect(render(values)).rejects.toThrow(sentence);
  });
});
