// Telemetry must start before any meter is created.
import '@standing-order/service-kit/telemetry/start';
import { messageSchema, TOPICS } from '@standing-order/contracts';
import { createApp } from '@standing-order/service-kit/http';
import { expect, test } from 'vitest';
import { subscribe } from './subscription.ts';

test('each outcome of a message is counted from 0, so that Prometheus detects its first increase', async () => {
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }) });
  const topic = TOPICS['consumer-commands'];
  subscribe(app, {
    sidecar: { publish: async () => [] },
    pubsub: 'messages',
    topic,
    source: '/consumer',
    schema: messageSchema(topic.types),
    handle: async () => [],
  });
  const metrics = await (await app.request('/metrics')).text();
  const counts = metrics.matchAll(
    /^messaging_client_consumed_messages_total\{messaging_destination_name="consumer-commands",outcome="(\w+)"\} (\d+)/gm,
  );
  expect(Object.fromEntries([...counts].map(([, outcome, count]) => [outcome, Number(count)]))).toEqual({
    success: 0,
    retry: 0,
    dead: 0,
    left: 0,
  });
});
