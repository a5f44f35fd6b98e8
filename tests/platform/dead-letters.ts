import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { type ApplicationProxy, startApplicationProxy } from '@standing-order/loadtest/application-proxy';
import { type BrokerKind, findPortBase } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { afterAll, expect, test } from 'vitest';
import { usePlatform } from '../support/platform-fixture.ts';

const PROGRAM = resolve(import.meta.dirname, '../../loadtest/deadletters/main.ts');
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

/** Dead letters of one broker, as an operator handles them with `npm run deadletters`. */
export function testDeadLetters(kind: BrokerKind): void {
  /** Between the sidecar and the consumer service: a service whose requests fail, and whose health checks succeed. */
  let proxy: ApplicationProxy | undefined;
  const fixture = usePlatform(async () => {
    const [portBase, port] = [await findPortBase(), await findPortBase()];
    proxy = await startApplicationProxy(port, portBase + 100);
    return { broker: kind, portBase, replicas: { order: 1 }, sidecarFlags: { consumer: { 'app-port': String(port) } } };
  });
  afterAll(() => proxy?.close());

  async function deadLetters(...args: string[]): Promise<string> {
    const broker = ['--broker', fixture().platform.stores.broker];
    return (await promisify(execFile)(process.execPath, [PROGRAM, ...args, ...broker], { timeout: 60_000 })).stdout;
  }
  const list = async () =>
    JSON.parse(await deadLetters('list', '--json')) as { ref: string; id: string; orders: string[] }[];

  /** Publishes an event by the sidecar of the order service. */
  async function publish(topic: string, event: object): Promise<void> {
    const { platform } = fixture();
    const send = async () => {
      const response = await fetch(`${platform.sidecarUrls.order[0]}/v1.0/publish/messages/${topic}`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json', 'dapr-api-token': platform.secrets.daprApiToken },
        body: JSON.stringify(event),
      });
      return response.status;
    };
    // Kafka creates a topic at its first use, which may fail meanwhile.
    await poll('the message is published', send, (status) => status === 204);
  }

  test('a message that no service can handle is listed with its trace, and a replay sends it once, unchanged', async () => {
    const event = {
      ...{
        specversion: '1.0',
        id: 'unreadable-1',
        source: '/test',
        type: 'com.standing-order.unknown.v1',
        subject: 'o-1',
      },
      ...{ time: new Date().toISOString(), datacontenttype: 'application/json', traceparent: TRACE, traceid: TRACE },
      data: { orderId: 'o-1' },
    };
    await publish('consumer-commands', event);
    const [letter] = await poll('a dead letter', list, ({ length }) => length === 1);
    expect(letter).toMatchObject({ id: event.id, orders: ['o-1'], traceparent: TRACE });
    const shown = JSON.parse(await deadLetters('show', letter?.ref ?? ''));
    expect(shown.message).toMatchObject(event);

    // It is still unreadable, so it is put aside again, under another reference.
    expect(await deadLetters('replay', letter?.ref ?? '')).toContain('sent to consumer-commands');
    expect(await deadLetters('replay', letter?.ref ?? '')).toContain('not there');
    const again = await poll('the dead letter of the replay', list, ({ length }) => length === 1);
    expect(again[0]).toMatchObject({ id: event.id, traceparent: TRACE });
    expect(again[0]?.ref).not.toBe(letter?.ref);

    expect(await deadLetters('drop', '--all')).toContain('dropped');
    expect(await list()).toEqual([]);
  });

  test('the replay of commands that were put aside changes no order', async () => {
    if (proxy === undefined) throw new Error('the proxy did not start');
    proxy.failingShare = 1;
    await fixture().place(5);
    const put = await poll('the commands are put aside', list, ({ length }) => length > 0, 120_000);
    expect(put.flatMap(({ orders }) => orders).length).toBeGreaterThan(0);
    proxy.failingShare = 0;
    await fixture().allDecided(120_000);
    const before = await fixture().state.orders();
    await deadLetters('replay', '--all');
    await poll('every dead letter is handled', list, ({ length }) => length === 0);
    await fixture().place(1);
    await fixture().allDecided();
    const after = await fixture().state.orders();
    for (const [id, { status, settledAt }] of before) expect(after.get(id)).toMatchObject({ status, settledAt });
  });
}
