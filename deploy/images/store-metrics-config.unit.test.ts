import { configFaults } from '@standing-order/service-kit/config';
import { expect, test } from 'vitest';
import { storeMetricsConfig, storesOf } from './store-metrics-config.ts';

function faults(env: NodeJS.ProcessEnv): string[] {
  const { error } = storeMetricsConfig.safeParse(env);
  return error ? configFaults(error, env) : [];
}

const ADDRESS = 'must be HOST:PORT, or several of them separated by commas';

test('lists every fault at once, without values', () => {
  const env = {
    PORT: 'secret',
    STATE_STORE_KIND: 'redis',
    STATE_STORE_REDIS_HOST: 'secret',
    STATE_STORE_VOLUME_BYTES: '1Gi',
    BROKER_KIND: 'kafka',
  };
  expect(faults(env)).toEqual([
    'PORT: must be a whole number',
    `STATE_STORE_REDIS_HOST: ${ADDRESS}`,
    'STATE_STORE_VOLUME_BYTES: must be a whole number',
    'BROKER_BROKERS: is missing',
  ]);
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['no store', {}, 'STATE_STORE_KIND: is missing'],
  ['an unknown kind', { STATE_STORE_KIND: 'kafka' }, 'STATE_STORE_KIND: must be redis or postgresql'],
  ['a Redis without an address', { BROKER_KIND: 'redis' }, 'BROKER_REDIS_HOST: is missing'],
  [
    'a PostgreSQL with settings instead of a URL',
    { STATE_STORE_KIND: 'postgresql', STATE_STORE_CONNECTION_STRING: 'host=db' },
    'STATE_STORE_CONNECTION_STRING: must be a postgres URL',
  ],
])('refuses %s', (_, env, fault) => {
  expect(faults({ PORT: '8080', ...env })).toEqual([fault]);
});

test('names the stores that have a kind, with their settings', () => {
  const env = { PORT: '8080', BROKER_KIND: 'redis', BROKER_REDIS_HOST: '[fd00::1]:6379,b.example:6379' };
  const [store, ...more] = storesOf(storeMetricsConfig.parse(env));
  expect(more).toEqual([]);
  expect(store).toMatchObject({ name: 'broker', kind: 'redis' });
  expect(store?.variable('REDIS_HOST')).toBe(env.BROKER_REDIS_HOST);
  expect(store?.variable('REDIS_PASSWORD')).toBeUndefined();
});
