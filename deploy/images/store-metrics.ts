/**
 * The program that exports how full the stores of a release are, at /metrics. The environment has the settings of the Dapr
 * components, such as STATE_STORE_REDIS_HOST for redisHost. Each scrape reads each store once.
 */
import { loadConfig } from '@standing-order/service-kit/config';
import { runService } from '@standing-order/service-kit/runtime';
import { Hono } from 'hono';
import { metricsText, type Readings } from './metrics-text.ts';
import { readFillLevels } from './read-fill-levels.ts';
import { storeMetricsConfig, storesOf } from './store-metrics-config.ts';

const config = loadConfig(storeMetricsConfig);
const stores = storesOf(config);

const readStores = async (): Promise<Readings> =>
  new Map(await Promise.all(stores.map(async (store) => [store.name, await readFillLevels(store)] as const)));

let reading: Promise<Readings> | undefined;
/** Concurrent scrapes share one reading, so that they occupy one connection of each store. */
function readShared(): Promise<Readings> {
  reading ??= readStores().finally(() => {
    reading = undefined;
  });
  return reading;
}

const app = new Hono();
app.get('/metrics', async (c) =>
  c.body(metricsText(await readShared()), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
);
// Alive and ready also while no store can be read: the metrics report it.
app.get('/healthz', (c) => c.json({ status: 'alive' }));

runService({ app, host: config.HOST, port: config.PORT });
