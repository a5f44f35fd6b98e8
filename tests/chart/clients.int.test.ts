// @module-tag kubeconform
// @module-tag helm
import { join } from 'node:path';
import { readResource } from '@standing-order/local/dapr/resource';
import { DAPR_FOLDER } from '@standing-order/local/dapr/source';
import { describe, expect, test } from 'vitest';
import { serviceScopes, settings } from './components.ts';
import { one, render, services, variable } from './helm.ts';

const read = (path: string) => readResource(join(DAPR_FOLDER, path));

describe.each(['redis', 'kafka'])('the value broker.clients with %s', (kind) => {
  const clients = [{ appId: 'shop' }, { appId: 'kiosk', name: 'kiosk-1' }];
  const component = async (name: string) => one(await render({ broker: { kind, clients } }), 'Component', name);

  test('lets the clients use the broker, and not the state store', async () => {
    expect((await component('messages')).scopes).toEqual([...services, 'kiosk', 'shop'].toSorted());
    expect((await component('state')).scopes).toEqual(services);
  });

  test('limits each client to its requests, confirmations and outcomes', async () => {
    const { publishingScopes, subscriptionScopes } = settings(await component('messages'));
    const without = serviceScopes(await read(`pubsub/${kind}/messages.yaml`));
    expect(publishingScopes).toBe(
      `${without.publishingScopes};shop=order-confirmations,order-outcomes-shop-dead,order-requests` +
        ';kiosk=order-confirmations,order-outcomes-kiosk-1-dead,order-requests',
    );
    expect(subscriptionScopes).toBe(
      `${without.subscriptionScopes};shop=order-outcomes-shop;kiosk=order-outcomes-kiosk-1`,
    );
  });

  test('lets no other client order, and no client without a list', async () => {
    expect(variable(await render({ broker: { kind, clients } }), 'order', 'MESSAGE_CLIENTS')).toBe('shop,kiosk-1');
    expect(variable(await render({ broker: { kind } }), 'order', 'MESSAGE_CLIENTS')).toBe('none');
  });

  test('gives the client of the example the lists that it has locally', async () => {
    const chart = settings(
      one(await render({ broker: { kind, clients: [{ appId: 'shop' }] } }), 'Component', 'messages'),
    );
    const file = settings(await read(`pubsub/${kind}/messages.yaml`));
    for (const name of ['publishingScopes', 'subscriptionScopes']) {
      expect(chart[name]).toBe(String(file[name]).replaceAll(' ', ''));
    }
  });
});

test('without the notification service no application may use its topics', async () => {
  const { publishingScopes, subscriptionScopes } = settings(
    one(await render({ notification: { enabled: false } }), 'Component', 'messages'),
  );
  expect(`${publishingScopes};${subscriptionScopes}`).not.toContain('notification');
});
