// @module-tag kubeconform
// @module-tag helm
import { describe, expect, test } from 'vitest';
import { places } from './combinations.ts';
import { ofKind, readObjects, renderOffline, renderUpgrade, type Values } from './helm.ts';
import { namedSecrets, withSections } from './secrets.ts';

const isOutside = (name: string) => name.endsWith('outside');

/** These values with a name for every secret that the chart would create. */
function named(name: string, values: Values): Values {
  const { stateStore, broker, ...rest } = namedSecrets;
  if (isOutside(name)) return withSections(rest, values);
  const stores = name.startsWith('kafka') ? { stateStore } : { stateStore, broker };
  return withSections({ ...rest, ...stores }, values);
}

describe.each(places)('without a cluster: $name', ({ name, values }) => {
  test('two renderings with all secrets named are equal byte for byte, and contain no secret', async () => {
    const all = named(name, values);
    const [one, two] = await Promise.all([renderOffline(all), renderOffline(all)]);
    expect(two).toBe(one);
    expect(ofKind(readObjects(one), 'Secret')).toEqual([]);
  });
});

test.each(places.filter(({ name }) => !isOutside(name)))(
  'without a cluster the chart refuses to create secrets, and lists the values to set: $name',
  async ({ name, values }) => {
    const message = await renderOffline(values).then(String, String);
    expect(message).toContain('rendered without a cluster, so it can neither find nor keep the secrets');
    const paths = ['dapr.apiTokenSecret', 'dapr.appTokenSecret', 'order.tokenKeysSecret', 'notification.keysSecret'];
    const stores = ['stateStore.passwordSecret', ...(name.startsWith('kafka') ? [] : ['broker.passwordSecret'])];
    expect(message).toContain(`set ${[...paths, ...stores].join(', ')} to the names of existing secrets.`);
  },
);

test.each(
  Object.entries(namedSecrets).flatMap(([section, values]) => Object.keys(values).map((key) => [section, key])),
)('one secret without a name is enough to refuse: %s.%s', async (section, key) => {
  const values = structuredClone(namedSecrets) as unknown as Record<string, Record<string, unknown>>;
  delete values[section]?.[key];
  await expect(renderOffline(values)).rejects.toThrow(`set ${section}.${key} to the names of existing secrets.`);
});

test('in a cluster an upgrade keeps the content of every created secret', async () => {
  const installed = ofKind(await renderUpgrade({}, []), 'Secret');
  expect(installed).toHaveLength(6);
  expect(ofKind(await renderUpgrade({}, installed), 'Secret').map(({ data }) => data)).toEqual(
    installed.map(({ data }) => data),
  );
});
