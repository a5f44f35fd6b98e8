import { CommunicationProtocolEnum, DaprClient } from '@dapr/dapr';
import { TOPICS } from '@standing-order/contracts';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { READY_WITHIN_MS, stored, usePlatform } from '../../test/sidecar-fixture.ts';
import type { DeadLetter } from '../messages/dead-letter.ts';
import { createEvent } from '../messages/event.ts';
import type { CloudEvent } from '../types.ts';

const event = (id: string) =>
  createEvent({ id, source: '/test', type: 'test.v1', subject: 'test', time: 0, data: { id }, trace: undefined });

describe('publishing, and why the convenience methods of @dapr/dapr 3.18.0 are not used', () => {
  const fixture = usePlatform('redis');
  const REFUSING_TOPIC = 'topic-that-is-no-stream';
  let sdk: DaprClient;
  let broker: Awaited<ReturnType<typeof connect>>;
  const connect = (url: string) => createClient({ url }).connect();

  beforeAll(async () => {
    const { platform } = fixture();
    const { hostname, port } = new URL(platform.sidecarUrls.order[0] ?? '');
    sdk = new DaprClient({
      daprHost: hostname,
      daprPort: port,
      daprApiToken: platform.secrets.daprApiToken,
      communicationProtocol: CommunicationProtocolEnum.HTTP,
    });
    // A key of another type in place of the stream: the broker is up and refuses every entry.
    broker = await connect(platform.stores.broker);
    await broker.set(REFUSING_TOPIC, 'x');
  });
  afterAll(async () => {
    broker?.destroy();
    await sdk?.stop();
  });

  test('our publish returns for each message whether the broker accepted it', async () => {
    const { sidecar } = fixture();
    const two = [{ event: event('one'), partitionKey: '7' }, { event: event('two') }];
    expect(await sidecar.publish('messages', 'topic-of-the-test', two)).toEqual([true, true]);
    expect(await sidecar.publish('messages', REFUSING_TOPIC, two)).toEqual([false, false]);
    expect(await sidecar.publish('no-such-pubsub', 'topic-of-the-test', two)).toEqual([false, false]);
  });

  test('publishBulk of the SDK reports refused messages as sent', async () => {
    expect(await sdk.pubsub.publishBulk('messages', REFUSING_TOPIC, [{ a: 1 }, { a: 2 }])).toEqual({
      failedMessages: [],
    });
  });

  test('get of the SDK drops the ETag, which rules out compare-and-set', async () => {
    const { store } = fixture();
    const { key, etag } = await stored(store, { n: 1 });
    expect(etag).not.toBe('');
    expect(await sdk.state.get('state', key)).toEqual({ n: 1 });
  });

  test('save of the SDK resolves after a conflict as if it had saved', async () => {
    const { store } = fixture();
    const { key, etag } = await stored(store, { n: 1 });
    expect(await store.update(key, { n: 2 }, etag)).toBe('written');
    await expect(sdk.state.save('state', [{ key, value: { n: 3 }, etag }])).resolves.toBeDefined();
    expect((await store.get(key))?.value).toEqual({ n: 2 });
    expect(await store.update(key, { n: 3 }, etag)).toBe('conflict');
  });

  test('sends an invalid message to the dead-letter topic with the reason, and delivers the others', async () => {
    const { sidecar } = fixture();
    const topic = TOPICS['consumer-commands'];
    const orderId = '018f3c9e-7b1a-7c3d-8e4f-0123456789ab';
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const command = (id: string, data: unknown) => ({
      event: createEvent({ id, source: '/test', type: topic.types[0], subject: orderId, time: 0, data, trace }),
    });
    const good = command('good', { orderId, token: { w: 'test', a: 1, t: 0.5 }, consumerId: 'unknown' });
    const garbage = command('garbage', { orderId, token: { w: 'test', a: 1, t: 0.5 }, consumerId: ' ' });
    expect(await sidecar.publish('messages', topic.name, [garbage, good])).toEqual([true, true]);

    const eventsOf = async (stream: string): Promise<CloudEvent[]> =>
      ((await broker.xRange(stream, '-', '+')) ?? []).map((entry) => JSON.parse(entry?.message.data ?? '{}'));
    const arrived = (stream: string) =>
      vi.waitFor(
        async () => {
          const found = (await eventsOf(stream)).find(({ subject }) => subject === orderId);
          if (!found) throw new Error(`no message on ${stream} yet`);
          return found;
        },
        { timeout: READY_WITHIN_MS },
      );
    const { data: letter, ...dead } = (await arrived(topic.deadLetter)) as CloudEvent<string, DeadLetter>;
    expect(dead.traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
    expect(letter.original).toEqual({ id: 'garbage', type: topic.types[0], source: '/test' });
    expect(letter.faults.map(({ field }) => field)).toEqual(['data.consumerId']);
    const reply = await arrived('order-replies');
    expect(reply).toMatchObject({
      type: 'com.standing-order.consumer-refused.v1',
      data: { orderId, token: { w: 'test', a: 1, t: 0.5 } },
    });
    expect(reply.traceparent).toContain('0af7651916cd43dd8448eb211c80319c');
  });
});
