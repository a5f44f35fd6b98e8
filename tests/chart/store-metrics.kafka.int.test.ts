// @module-tag kubeconform
// @module-tag helm
// @module-tag kafka
// @module-tag java
import { statfs } from 'node:fs/promises';
import { kafkaProcess } from '@standing-order/local/processes/kafka';
import { poll } from '@standing-order/testing/poll';
import { resolveTool } from '@standing-order/tools';
import { expect, onTestFinished, test } from 'vitest';
import { ExternalStore } from './external-store.ts';
import { renderEnvironment, startStoreMetrics } from './store-metrics.ts';

test('the exported fill level of a Kafka is that of the file system of its directory', async () => {
  const store = await ExternalStore.create();
  onTestFinished(() => store.close());
  const [port, controllerPort] = [store.port(), store.port()];
  const [binary, java] = [await resolveTool('kafka'), await resolveTool('java')];
  const options = { binary, java, port, advertisedPort: port, controllerPort, dataDir: store.folder, properties: {} };
  const { program, prepare, ready } = kafkaProcess(options);
  await prepare?.(AbortSignal.timeout(60_000));
  store.startProgram('kafka', program);
  await poll('Kafka answers', () => ready(AbortSignal.timeout(2_000)).then(() => true), Boolean, 120_000);
  const environment = await renderEnvironment(
    {
      broker: { kind: 'kafka' },
      stateStore: { kind: 'postgresql', inChart: false, external: { existingSecret: 'mine' } },
    },
    { addresses: { 'so-broker.shop.svc:9092': `127.0.0.1:${port}` }, secrets: {} },
  );
  const { scrape, child } = await startStoreMetrics(store, environment);

  const samples = await scrape();
  const { blocks, bsize } = await statfs(store.folder);
  expect(samples.get('store_readable{store="broker"}'), child.output()).toBe(1);
  expect(samples.get('store_limit_bytes{store="broker",resource="volume"}')).toBe(blocks * bsize);
  const used = samples.get('store_used_bytes{store="broker",resource="volume"}') ?? 0;
  expect(used).toBeGreaterThan(0);
  expect(used).toBeLessThan(blocks * bsize);
});
