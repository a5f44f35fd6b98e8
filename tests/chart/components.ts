import type { Resource } from '@standing-order/local';
import type { KubernetesObject } from './helm.ts';

/** The metadata items of a component by name; an item from a secret is shown by its reference. */
export const settings = (component: KubernetesObject | Resource): Record<string, unknown> =>
  Object.fromEntries(
    (component.spec.metadata as { name: string; value?: string; secretKeyRef?: object }[]).map((setting) => [
      setting.name,
      setting.value ?? setting.secretKeyRef,
    ]),
  );

/** The lists of topics of a component, as the chart writes them: without those of the client of the example. */
export const serviceScopes = (component: Resource) =>
  Object.fromEntries(
    ['publishingScopes', 'subscriptionScopes'].map((name) => [
      name,
      String(settings(component)[name])
        .replaceAll(' ', '')
        .split(';')
        .filter((list) => !list.startsWith('shop='))
        .join(';'),
    ]),
  );
