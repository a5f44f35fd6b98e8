// @module-tag helm
// @module-tag prometheus

import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findPortBase } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { one, release, render } from '../chart/helm.ts';
import { answers, startChild } from '../support/child.ts';
import { post } from '../support/client.ts';
import { GOOD_ORDER, usePlatform } from '../support/platform-fixture.ts';
import { type Prometheus, type Rules, type ScrapeTarget, startPrometheus } from '../support/prometheus.ts';
import { useWebhooks } from '../support/webhooks.ts';

const NAMESPACE = 'shop';
/** A minute stands for an hour: the alerts that react within minutes react within seconds. */
const TIME_SCALE = 1 / 60;
const RATE_INTERVAL = '20s';
const MAX_MEMORY = '512mb';
const PACE_MS = 50;
const STORE_METRICS = resolve(import.meta.dirname, '../../deploy/images/store-metrics.ts');

const fixture = usePlatform(() => ({
  replicas: { order: 2, notification: 1 },
  env: { order: { STYLE_OVERRIDE: 'allowed', ACCEPT_DEADLINE_MS: '1000' } },
}));
useWebhooks(fixture);

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

let prometheus: Prometheus;
let panels: readonly Panel[];
const load = new AbortController();
const ends: (() => Promise<unknown>)[] = [];

/** Places orders until the end of the tests. Two orders a time are decided on local copies, so that these are kept. */
async function keepPlacing(): Promise<void> {
  while (!load.signal.aborted) {
    await fixture().place(2);
    await post(`${fixture().platform.urls.order[0]}/orders`, GOOD_ORDER, { 'order-style': 'replication' });
    await pause(PACE_MS);
  }
}

/** Starts the program that exports the fill levels, for the two Redis servers of the platform. */
async function startStoreMetrics() {
  const { stores, dataDir } = fixture().platform;
  const base = `http://127.0.0.1:${await findPortBase()}`;
  const env = {
    ...process.env,
    PORT: new URL(base).port,
    STATE_STORE_KIND: 'redis',
    STATE_STORE_REDIS_HOST: new URL(stores.state).host,
    BROKER_KIND: 'redis',
    BROKER_REDIS_HOST: new URL(stores.broker).host,
  };
  const child = startChild(process.execPath, [STORE_METRICS], join(dataDir, 'store-metrics.log'), env);
  await answers(`${base}/healthz`, child);
  return { url: `${base}/metrics`, stop: child.stop };
}

beforeAll(async () => {
  const { platform, broker } = fixture();
  await broker.configSet('maxmemory', MAX_MEMORY);
  const storeMetrics = await startStoreMetrics();
  ends.push(storeMetrics.stop);
  const objects = await render({
    order: { style: 'replication' },
    monitoring: {
      alerts: { enabled: true, timeScale: TIME_SCALE, waitingSeconds: 5 },
      dashboard: { enabled: true },
    },
  });
  ({ panels } = JSON.parse(one(objects, 'ConfigMap', `${release}-dashboard`).data[`${release}.json`]));
  const services: ScrapeTarget[] = Object.entries(platform.urls).flatMap(([service, urls]) =>
    urls.map((url) => ({ url: `${url}/metrics`, labels: { namespace: NAMESPACE, job: `${release}-${service}` } })),
  );
  const targets = [
    ...services,
    { url: storeMetrics.url, labels: { namespace: NAMESPACE, job: `${release}-store-metrics` } },
  ];
  const rules = one(objects, 'PrometheusRule', release).spec as Rules;
  prometheus = await startPrometheus(join(platform.dataDir, 'prometheus'), rules, targets);
  ends.push(prometheus.stop);
  const placing = keepPlacing();
  ends.push(async () => {
    load.abort();
    await placing;
  });
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

/** Firing alerts as NAME or NAME/severity, sorted. */
async function firing(): Promise<readonly string[]> {
  const alerts = await prometheus.alerts();
  const names = alerts
    .filter(({ state }) => state === 'firing')
    .map(({ labels }) => `${labels.alertname}/${labels.severity}`);
  return [...new Set(names)].sort();
}

const silent = () => poll('no alert fires', firing, (alerts) => alerts.length === 0, 180_000);

/** The expressions of the dashboard that have no finite value. */
async function withoutData(): Promise<readonly string[]> {
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const missing: string[] = [];
  for (const expression of expressions) {
    const samples = await prometheus.query(
      expression
        .replaceAll('$namespace', NAMESPACE)
        .replaceAll('$release', release)
        .replaceAll('$__rate_interval', RATE_INTERVAL),
    );
    if (!samples.some(({ value: [, value] }) => Number.isFinite(Number(value)))) missing.push(expression);
  }
  return missing;
}

describe('a Prometheus that scrapes the running platform', () => {
  test('has data for every expression of the dashboard, and no alert fires', async () => {
    await poll('every expression has data', withoutData, (missing) => missing.length === 0, 120_000);
    await silent();
  });

  test.each([
    ['redis-state', 'StandingOrderAcceptanceBudgetBurn/page'],
    ['consumer-1', 'StandingOrderOrdersWait/ticket'],
  ])('raises an alert while %s is down, and ends it afterwards', async (process, alert) => {
    await poll(`no ${alert}`, firing, (alerts) => !alerts.includes(alert), 120_000);
    await fixture().platform.kill(process);
    await poll(alert, firing, (alerts) => alerts.includes(alert), 120_000);
    await fixture().platform.start(process);
    await poll(
      'no page and no alert on a state fires',
      firing,
      (alerts) => !alerts.some((each) => each === alert || each.endsWith('/page')),
      180_000,
    );
  });

  test('still has data for every expression after the faults', async () => {
    await poll('every expression has data', withoutData, (missing) => missing.length === 0, 60_000);
    expect((await prometheus.query('sum(orders_settlement_duration_count)'))[0]?.value[1]).not.toBe('0');
  });
});
