import { join } from 'node:path';
import {
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
import { describe, expect, test } from 'vitest';
import { BROKERS, readDaprFile, valuesOf } from '../../test/support/dapr-folder.ts';
import { readRunFile } from '../../test/support/run-file.ts';
import { DAPR_FOLDER } from './source.ts';

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

describe('access control', () => {
  test('denies every invocation but those of the operations for the order service', async () => {
    const { accessControl } = (await readDaprFile('configuration.yaml')).spec as { accessControl: AccessControl };
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
    const { accessControl: _, ...spec } = (await readDaprFile('configuration.yaml')).spec;
    expect((await readDaprFile('configuration-without-mtls.yaml')).spec).toEqual(spec);
    const { apps } = await readRunFile(DAPR_FOLDER);
    const withOwn = apps.filter(({ configFilePath }) => configFilePath !== undefined);
    expect(withOwn.map(({ appID }) => appID)).toEqual(['consumer', 'restaurant']);
    for (const { appDirPath, configFilePath = '' } of withOwn) {
      expect(join(DAPR_FOLDER, appDirPath, configFilePath)).toBe(join(DAPR_FOLDER, 'configuration-without-mtls.yaml'));
    }
  });
});

describe.each(BROKERS)('the scopes of the %s component', (kind) => {
  const scopes = async () => {
    const component = await readDaprFile(`pubsub/${kind}/messages.yaml`);
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
