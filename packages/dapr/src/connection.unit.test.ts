import { createManualClock } from '@standing-order/testing/manual-clock';
import { expect, test } from 'vitest';
import { createBrokerHealth } from './broker-health.ts';
import { createConnection } from './connection.ts';
import { type Component, type Sidecar, UnsupportedComponentError } from './types.ts';

const component = (name: string): Component => ({ name, type: 'any', version: 'v1', capabilities: [] });

/** A connection to a sidecar with these components, which accepts messages on all topics but `refused`. */
function connect(components: Component[], refused: Set<string> = new Set()) {
  const calls: string[] = [];
  const direct = {
    waitReady: async () => {},
    components: async () => {
      calls.push('components');
      return components;
    },
    store: async (name: string) => {
      if (!components.some((loaded) => loaded.name === name))
        throw new UnsupportedComponentError(`no component ${name}`);
      return {};
    },
    publish: async (_: string, topic: string, messages: readonly unknown[]) => messages.map(() => !refused.has(topic)),
    close: async () => {},
  } as unknown as Sidecar;
  const clock = createManualClock();
  const broker = createBrokerHealth(direct, 'messages', clock);
  const connection = createConnection({ sidecar: broker.sidecar, storeName: 'state', broker, clock });
  return {
    connection,
    clock,
    calls,
    publish: (topic: string) => broker.sidecar.publish('messages', topic, [{} as never]),
  };
}

const NOT_LOADED = expect.stringContaining('has not loaded the component messages');

test('a broker that the sidecar has not loaded is a reason, and does not change the readiness', async () => {
  const components = [component('state')];
  const { connection, clock } = connect(components);
  await connection.open(new AbortController().signal);
  expect(connection.readiness()).toEqual({ ready: true, reasons: [NOT_LOADED] });
  components.push(component('messages'));
  clock.advance(3_000);
  await expect.poll(connection.readiness).toEqual({ ready: true, reasons: [] });
});

test('a missing state store does not hide a missing broker', async () => {
  const { connection } = connect([]);
  const stop = new AbortController();
  const opening = connection.open(stop.signal);
  await expect.poll(connection.readiness).toEqual({ ready: false, reasons: ['no component state', NOT_LOADED] });
  stop.abort();
  opening.catch(() => {});
});

test('a topic that refuses messages is a reason until it accepts one', async () => {
  const refused = new Set(['order-replies']);
  const { connection, publish } = connect([component('state'), component('messages')], refused);
  await connection.open(new AbortController().signal);
  await publish('order-requests');
  expect(connection.readiness().reasons).toEqual([]);
  await publish('order-replies');
  expect(connection.readiness()).toEqual({
    ready: true,
    reasons: [expect.stringContaining('the broker refuses messages on the topic order-replies')],
  });
  refused.clear();
  await publish('order-replies');
  expect(connection.readiness().reasons).toEqual([]);
});

test('a refusal counts for a minute, since a message that matters is sent again sooner', async () => {
  const { connection, clock, publish } = connect([component('state'), component('messages')], new Set(['hints']));
  await connection.open(new AbortController().signal);
  await publish('hints');
  clock.advance(60_000);
  expect(connection.readiness().reasons).toHaveLength(1);
  clock.advance(1);
  expect(connection.readiness().reasons).toEqual([]);
});

test('a sidecar that restarts without the broker is detected by refused messages', async () => {
  const components = [component('state'), component('messages')];
  const { connection, clock, publish } = connect(components, new Set(['order-replies']));
  await connection.open(new AbortController().signal);
  components.pop();
  await publish('order-replies');
  clock.advance(3_000);
  await expect.poll(connection.readiness).toEqual({ ready: true, reasons: [NOT_LOADED] });
});

test('a sidecar is not asked for its components once it has loaded the broker', async () => {
  const { connection, clock, calls } = connect([component('state'), component('messages')]);
  await connection.open(new AbortController().signal);
  await clock.advance(9_000);
  expect(calls).toEqual(['components']);
});
