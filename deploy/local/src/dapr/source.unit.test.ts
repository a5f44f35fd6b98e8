import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BROKERS, readDaprFile, valuesOf } from '../../test/support/dapr-folder.ts';
import { type Resource, readResources } from './resource.ts';
import { DAPR_FOLDER, platformConfigurations, platformResources } from './source.ts';

const STORES = ['redis', 'postgresql'] as const;

describe.each(STORES.flatMap((store) => BROKERS.map((kind) => ({ store, kind }))))('with $store and $kind', (made) => {
  const addresses = { store: 'store.example:1', broker: 'broker.example:2' };
  const resources = platformResources(made.store, made.kind, addresses);

  test('a platform has the two components at its addresses', async () => {
    const components = (await resources).filter(({ kind }) => kind === 'Component');
    const types = components.map(({ metadata, spec }) => [metadata.name, spec.type]);
    expect(types).toEqual([
      ['state', `state.${made.store}`],
      ['messages', `pubsub.${made.kind}`],
    ]);
    const [store, messages] = components.map(valuesOf);
    expect(store?.[made.store === 'redis' ? 'redisHost' : 'connectionString']).toBe(addresses.store);
    expect(messages?.[made.kind === 'redis' ? 'redisHost' : 'brokers']).toBe(addresses.broker);
  });

  test('everything but the addresses is as in the files', async () => {
    const files = ['state', 'pubsub'].map((folder, index) => `${folder}/${[made.store, made.kind][index]}`);
    const folders = [...files, 'subscriptions', 'resiliency'].map((folder) => readResources(join(DAPR_FOLDER, folder)));
    const anywhere = (resource: Resource) =>
      JSON.parse(
        JSON.stringify(resource, (name, value) =>
          name === 'metadata' && Array.isArray(value)
            ? value.filter((item) => !['redisHost', 'connectionString', 'brokers'].includes(item.name))
            : value,
        ),
      );
    expect((await resources).map(anywhere)).toEqual((await Promise.all(folders)).flat().map(anywhere));
  });
});

test.each([
  ['configuration', 'configuration.yaml'],
  ['invokedConfiguration', 'configuration-without-mtls.yaml'],
] as const)(
  'the %s of a platform has its own file of names, and a collector where there is one',
  async (name, file) => {
    const { spec } = await readDaprFile(file);
    const names = {
      nameResolution: { component: 'sqlite', version: 'v1', configuration: { connectionString: 'names.db' } },
    };
    expect((await platformConfigurations('names.db'))[name].spec).toEqual({ ...spec, ...names });
    const traced = (await platformConfigurations('names.db', 'https://collector.example:4318'))[name];
    const otel = { endpointAddress: 'collector.example:4318', isSecure: true, protocol: 'http' };
    expect(traced.spec).toEqual({ ...spec, ...names, tracing: { ...(spec.tracing as object), otel } });
  },
);

test('the file of names is found below a folder whose name has characters with a meaning in a URI', async () => {
  const { configuration } = await platformConfigurations('/ci/main%2Fnext/what? #1/names.db');
  expect(configuration.spec.nameResolution).toMatchObject({
    configuration: { connectionString: '/ci/main%252Fnext/what%3F %231/names.db' },
  });
});
