import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  batchTypeOf,
  consumerApi,
  INVOKER,
  notificationApi,
  orderApi,
  outcomeTopic,
  type Party,
  restaurantApi,
  SENDERS,
  TOPICS,
  type Topic,
} from '@standing-order/contracts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRunFile } from '../../test/support/run-file.ts';
import { brokerPort, LOOPBACK, SERVICES, statePort } from '../ports.ts';
import { type Resource, readResource, readResources, settingsOf, withSettings } from './resource.ts';
import { DAPR_FOLDER, platformConfigurations, platformResources } from './source.ts';

const stores = ['redis', 'postgresql'] as const;
const brokers = ['redis', 'kafka'] as const;
const defaultBase = 4000;
const state = `${LOOPBACK}:${statePort(defaultBase)}`;
const broker = `${LOOPBACK}:${brokerPort(defaultBase)}`;

const valuesOf = (component: Resource) =>
  Object.fromEntries(settingsOf(component).map(({ name, value }) => [name, value]));
const read = (path: string) => readResource(join(DAPR_FOLDER, path));
const topics: readonly Topic[] = Object.values(TOPICS);

interface AccessControl {
  readonly policies: readonly {
    readonly appId: string;
    readonly defaultAction: string;
    readonly operations: readonly {
      readonly name: string;
      readonly httpVerb: readonly string[];
      readonly action: string;
    }[];
  }[];
}

/** The topics that this party sends to. */
const topicsOf = (party: Party): string[] =>
  topics.filter(({ types }) => types.some((type) => SENDERS[type] === party)).map(({ name }) => name);

/** The topics of each application in a list of scopes. */
const listsOf = (scopes = ''): Record<string, string[]> =>
  Object.fromEntries(
    scopes
      .replaceAll(' ', '')
      .split(';')
      .map((list) => list.split('='))
      .map(([app = '', list = '']) => [app, list.split(',')]),
  );

const subscriptions = await readResources(join(DAPR_FOLDER, 'subscriptions'));

const MIB = 1024 * 1024;

describe('the files of deploy/dapr', () => {
  test('subscribe the service of the contract to each of its topics, with a dead-letter topic', () => {
    const subscribed = subscriptions.map(({ metadata, spec, scopes }) => ({
      name: metadata.name,
      topic: spec.topic,
      pubsub: spec.pubsubname,
      routes: spec.routes,
      deadLetter: spec.deadLetterTopic,
      subscribers: scopes,
    }));
    const contracted = Object.values(TOPICS).map(({ name, subscriber, deadLetter }) => ({
      name,
      topic: name,
      pubsub: 'messages',
      routes: { default: `/messages/${name}` },
      deadLetter,
      subscribers: [subscriber],
    }));
    expect(subscribed).toEqual(contracted.sort((a, b) => a.name.localeCompare(b.name)));
    for (const { deadLetter, topic } of subscribed) expect(deadLetter).toBe(`${topic}-dead`);
  });

  const bulkOf = (spec: Resource['spec']) =>
    spec.bulkSubscribe as { maxMessagesCount: number; maxAwaitDurationMs: number } | undefined;

  test('deliver batch messages one by one, without a wait', () => {
    const batched = subscriptions.filter(({ spec }) => batchTypeOf(String(spec.topic)) !== undefined);
    expect(batched.map(({ spec }) => [spec.topic, bulkOf(spec)])).toEqual([
      ['consumer-commands', undefined],
      ['order-replies', undefined],
      ['restaurant-commands', undefined],
    ]);
  });

  test('wake up an idle sidecar at most 30 times a second', () => {
    for (const appId of SERVICES) {
      const own = subscriptions.flatMap(({ scopes, spec }) => (scopes?.includes(appId) ? (bulkOf(spec) ?? []) : []));
      const wakeups = own.reduce((sum, { maxAwaitDurationMs }) => sum + 1_000 / maxAwaitDurationMs, 0);
      expect(wakeups, appId).toBeLessThanOrEqual(30);
    }
  });

  test('leave the Redis broker workers for other messages while batches are collected', async () => {
    const { concurrency } = valuesOf(await read('pubsub/redis/messages.yaml'));
    for (const appId of SERVICES) {
      const own = subscriptions.flatMap(({ scopes, spec }) => (scopes?.includes(appId) ? (bulkOf(spec) ?? []) : []));
      const collected = own.reduce((sum, { maxMessagesCount }) => sum + maxMessagesCount, 0);
      expect(collected, appId).toBeLessThan(Number(concurrency));
    }
  });

  test('bound the messages that a sidecar holds, so that large ones fit into half of its memory limit', async () => {
    const largest = 256 * 1024;
    const half = 256 * MIB;
    const topics = subscriptions.filter(({ scopes }) => scopes?.includes('order')).length;
    const { concurrency, queueDepth } = valuesOf(await read('pubsub/redis/messages.yaml'));
    // Per topic a read, then the queue and the workers. The messages of workers are copied into deliveries.
    const redis = topics * Number(queueDepth) + Number(queueDepth) + 3 * Number(concurrency);
    expect(redis * largest).toBeLessThan(half / 2);
  });

  test('make Kafka start at the oldest message and retry a delivery for seconds only', async () => {
    expect(valuesOf(await read('pubsub/kafka/messages.yaml'))).toMatchObject({
      initialOffset: 'oldest',
      sessionTimeout: '6s',
      heartbeatInterval: '500ms',
    });
    const { policies } = (await read('pubsub/kafka/delivery.yaml')).spec as {
      policies: { retries: Record<string, unknown> };
    };
    expect(policies.retries.delivery).toEqual({ policy: 'constant', duration: '250ms', maxRetries: 12 });
  });

  test('give the state store no policy, no retries and no writeTimeout', async () => {
    const policies = [
      ...(await Promise.all(brokers.map((kind) => read(`pubsub/${kind}/delivery.yaml`)))),
      ...(await readResources(join(DAPR_FOLDER, 'resiliency'))),
    ];
    const targets = policies.map(({ spec }) => Object.keys((spec.targets as { components?: object }).components ?? {}));
    expect(targets).toEqual([['messages'], ['messages'], []]);
    const settings = valuesOf(await read('state/redis/state.yaml'));
    expect(settings.redisMaxRetries).toBe('-1');
    expect(settings).not.toHaveProperty('writeTimeout');
  });

  test('have the addresses of npm start with its default ports', async () => {
    expect(valuesOf(await read('state/redis/state.yaml')).redisHost).toBe(state);
    expect(valuesOf(await read('pubsub/redis/messages.yaml')).redisHost).toBe(broker);
    expect(valuesOf(await read('pubsub/kafka/messages.yaml')).brokers).toBe(broker);
    const { connectionString = '' } = valuesOf(await read('state/postgresql/state.yaml'));
    expect(connectionString).toContain(`host=${LOOPBACK} port=${statePort(defaultBase)} `);
    expect(connectionString).not.toContain('password');
  });
});

describe.each(stores.flatMap((store) => brokers.map((kind) => ({ store, kind }))))('with $store and $kind', (made) => {
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
    const { spec } = await read(file);
    const names = {
      nameResolution: { component: 'sqlite', version: 'v1', configuration: { connectionString: 'names.db' } },
    };
    expect((await platformConfigurations('names.db'))[name].spec).toEqual({ ...spec, ...names });
    const traced = (await platformConfigurations('names.db', 'https://collector.example:4318'))[name];
    const otel = { endpointAddress: 'collector.example:4318', isSecure: true, protocol: 'http' };
    expect(traced.spec).toEqual({ ...spec, ...names, tracing: { ...(spec.tracing as object), otel } });
  },
);

describe('access control', () => {
  test('denies every invocation but those of the operations for the order service', async () => {
    const { accessControl } = (await read('configuration.yaml')).spec as { accessControl: AccessControl };
    const invoked = new Set(
      [orderApi, consumerApi, restaurantApi, notificationApi].flatMap(({ operations }) =>
        operations.filter(({ access }) => access === 'sidecar').map(({ method, path }) => `${method} ${path}`),
      ),
    );
    const { policies, ...others } = accessControl;
    expect(others).toEqual({ defaultAction: 'deny', trustDomain: 'public' });
    expect(policies.map(({ appId, defaultAction }) => [appId, defaultAction])).toEqual([[INVOKER, 'deny']]);
    const allowed = policies.flatMap(({ operations }) =>
      operations.map(({ name, httpVerb, action }) => [action, `${httpVerb.join().toLowerCase()} ${name}`]),
    );
    expect(allowed).toEqual([...invoked].map((operation) => ['allow', operation]));
  });

  test('is missing without mTLS only for the services that order invokes', async () => {
    const { accessControl: _, ...spec } = (await read('configuration.yaml')).spec;
    expect((await read('configuration-without-mtls.yaml')).spec).toEqual(spec);
    const { apps } = await readRunFile(DAPR_FOLDER);
    const withOwn = apps.filter(({ configFilePath }) => configFilePath !== undefined);
    expect(withOwn.map(({ appID }) => appID)).toEqual(['consumer', 'restaurant']);
    for (const { appDirPath, configFilePath = '' } of withOwn) {
      expect(join(DAPR_FOLDER, appDirPath, configFilePath)).toBe(join(DAPR_FOLDER, 'configuration-without-mtls.yaml'));
    }
  });
});

describe.each(brokers)('the scopes of the %s component', (kind) => {
  const scopes = async () => {
    const component = await read(`pubsub/${kind}/messages.yaml`);
    const { publishingScopes, subscriptionScopes, protectedTopics = '' } = valuesOf(component);
    return {
      apps: component.scopes,
      publishing: listsOf(publishingScopes),
      subscribing: listsOf(subscriptionScopes),
      protectedTopics: protectedTopics.split(','),
    };
  };

  test('allow each service the topics of the contract, and its dead letters', async () => {
    const { publishing, subscribing } = await scopes();
    for (const service of ['consumer', 'restaurant', 'notification'] as const) {
      const dead = topics.filter(({ subscriber }) => subscriber === service).map(({ deadLetter }) => deadLetter);
      expect(publishing[service]).toEqual([...topicsOf(service), ...dead].sort());
    }
    for (const service of ['consumer', 'restaurant', 'notification', 'order'] as const) {
      const received = topics.filter(({ subscriber }) => subscriber === service).map(({ name }) => name);
      expect(subscribing[service]).toEqual(received.sort());
    }
  });

  test('allow the order service every topic but those of other senders', async () => {
    const { publishing, protectedTopics } = await scopes();
    expect(publishing).not.toHaveProperty('order');
    const own = topicsOf('order');
    expect(protectedTopics).toEqual(
      topics
        .filter(({ name }) => !own.includes(name))
        .map(({ name }) => name)
        .sort(),
    );
  });

  test('allow the client of the example its requests, confirmations and outcomes', async () => {
    const { publishing, subscribing } = await scopes();
    expect(subscribing.shop).toEqual([outcomeTopic('shop')]);
    // A client of 0.1.0 confirms on order-replies, where the validators publish their verdicts.
    const own = topicsOf('client').filter((topic) => topic !== 'order-replies');
    expect(publishing.shop).toEqual([...own, `${outcomeTopic('shop')}-dead`].sort());
  });

  test('have lists for every other application: one without lists may use any topic', async () => {
    const { apps, publishing, subscribing } = await scopes();
    expect(apps).toEqual(['consumer', 'notification', 'order', 'restaurant', 'shop']);
    expect(Object.keys(subscribing)).toEqual(apps);
    expect(Object.keys(publishing)).toEqual(apps?.filter((app) => app !== 'order'));
  });
});

test('a setting that a component does not have is refused', async () => {
  const component = await read('state/redis/state.yaml');
  expect(() => withSettings(component, { redishost: 'a:1' })).toThrow('the component state has no setting redishost');
});

test('a file with two documents is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'standing-order-resource-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'two.yaml');
  await writeFile(path, 'kind: Component\n---\nkind: Resiliency\n');
  await expect(readResource(path)).rejects.toThrow(path);
});

test('the file of names is found below a folder whose name has characters with a meaning in a URI', async () => {
  const { configuration } = await platformConfigurations('/ci/main%2Fnext/what? #1/names.db');
  expect(configuration.spec.nameResolution).toMatchObject({
    configuration: { connectionString: '/ci/main%252Fnext/what%3F %231/names.db' },
  });
});
