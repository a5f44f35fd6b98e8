// @module-tag helm
// @module-tag prometheus
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { promtool, type Rules, writeRules } from '../support/prometheus.ts';
import { one, release, render, services, type Values } from './helm.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-rules-'));
});
afterAll(() => rm(folder, { recursive: true }));

const rulesWith = async (alerts: Values = {}, values: Values = {}): Promise<Rules> =>
  one(await render({ ...values, monitoring: { alerts: { enabled: true, ...alerts } } }), 'PrometheusRule', release)
    .spec as Rules;

const ORDER = 'namespace="shop",job="so-order"';
const REQUESTS = `http_server_request_duration_count{${ORDER},http_request_method="POST",http_route="/orders",http_response_status_code`;

/** A series of one value per minute, in the notation of promtool. */
interface Series {
  readonly series: string;
  readonly values: string;
}

interface Expectation {
  /** Time such as 10m. */
  readonly at: string;
  readonly alert: string;
  /** The labels `by`, or all labels, of each firing alert of that name. */
  readonly fires: readonly string[];
  /** Default: severity and window. */
  readonly by?: string;
}

/** Runs `promtool test rules`: with these series, exactly these alerts fire. */
async function testAlerts(rules: Rules, series: readonly Series[], expected: readonly Expectation[]): Promise<void> {
  const path = await writeRules(folder, rules);
  const file = join(folder, 'test.yaml');
  // promtool compares all labels and annotations, so the expression ALERTS is queried instead.
  const cases = expected.map(({ at, alert, fires, by = 'severity, window' }) => ({
    expr: `count by (${by}) (ALERTS{alertname="${alert}",alertstate="firing"})`,
    eval_time: at,
    exp_samples: fires.map((labels) => ({ labels: `{${labels}}`, value: 1 })),
  }));
  const tests = [{ interval: '1m', input_series: series, promql_expr_test: cases }];
  await writeFile(file, stringify({ rule_files: [path], evaluation_interval: '1m', tests }));
  await promtool(['test', 'rules', file]);
}

const EXTERNAL_KAFKA = { kind: 'kafka', inChart: false, external: { address: 'kafka.example:9092' } };
const EXTERNAL_POSTGRESQL = { kind: 'postgresql', inChart: false, external: { existingSecret: 'mine' } };

const PAGE = 'StandingOrderAcceptanceBudgetBurn';

/** 600 requests per minute, with this share of server errors from one minute to another. */
const requests = (share: number, from: number, to: number): Series[] => {
  const bad = Math.round(600 * share);
  const part = (rate: number, minutes: number, start: number) => `${start}+${rate}x${minutes}`;
  return [
    {
      series: `${REQUESTS}="503"}`,
      values: [part(0, from, 0), part(bad, to - from, bad), part(0, 500, bad * (to - from + 1))].join(' '),
    },
    { series: `${REQUESTS}="202"}`, values: part(600, 1_000, 0) },
  ];
};

test('promtool accepts the rules, also with shortened windows and for every service', async () => {
  for (const rules of [
    await rulesWith(),
    await rulesWith({ timeScale: 0.01 }),
    await rulesWith({}, { order: { style: 'replication' } }),
    await rulesWith({}, { services: { notification: null } }),
  ]) {
    await promtool(['check', 'rules', await writeRules(folder, rules)]);
  }
});

describe('the error budget of accepted orders', () => {
  test('pages within minutes when orders fail, and the page ends soon after the fault', async () => {
    await testAlerts(await rulesWith(), requests(1, 60, 75), [
      { at: '55m', alert: PAGE, fires: [] },
      { at: '66m', alert: PAGE, fires: ['severity="page",window="1h"'] },
      { at: '85m', alert: PAGE, fires: ['severity="page",window="6h"'] },
      { at: '110m', alert: PAGE, fires: [] },
    ]);
  });

  test('ignores a share of errors within the objective', async () => {
    await testAlerts(await rulesWith({ acceptance: { objective: 99 } }), requests(0.005, 60, 500), [
      { at: '70m', alert: PAGE, fires: [] },
      { at: '500m', alert: PAGE, fires: [] },
    ]);
  });

  test('becomes a ticket, and no page, when it is used up slowly', async () => {
    await testAlerts(await rulesWith(), requests(0.005, 60, 500), [
      { at: '120m', alert: PAGE, fires: [] },
      { at: '400m', alert: PAGE, fires: ['severity="ticket",window="1d"', 'severity="ticket",window="3d"'] },
    ]);
  });

  test('does not burn while no order is placed', async () => {
    await testAlerts(await rulesWith(), [], [{ at: '100m', alert: PAGE, fires: [] }]);
  });
});

describe('the error budget of decisions', () => {
  const settled = (le: string): Series[] => [
    { series: `orders_settlement_duration_count{${ORDER},status="VALIDATED"}`, values: '0+60x300' },
    { series: `orders_settlement_duration_bucket{${ORDER},status="VALIDATED",le="${le}"}`, values: '0+0x300' },
  ];

  // Prometheus 3 writes bounds with a fraction.
  test.each(['30', '30.0'])('pages when orders are decided later than the bound le="%s"', async (le) => {
    await testAlerts(await rulesWith(), settled(le), [
      {
        at: '30m',
        alert: 'StandingOrderSettlementBudgetBurn',
        fires: ['severity="page",window="1h"', 'severity="page",window="6h"'],
      },
    ]);
  });
});

describe('an alert on a state', () => {
  const STORES = 'namespace="shop",job="so-store-metrics"';
  const at30 = (alert: string, fires: readonly string[]): Expectation[] => [{ at: '30m', alert, fires }];

  test.each<[string, Series, readonly string[]]>([
    [
      'StandingOrderOrdersWait',
      { series: `orders_waiting_age{${ORDER},channel="consumer"}`, values: '0+60x60' },
      ['severity="ticket"'],
    ],
    ['StandingOrderOrdersParked', { series: `outbox_stuck{${ORDER}}`, values: '1x60' }, ['severity="ticket"']],
    [
      'StandingOrderStoreRefusesWrites',
      { series: `outbox_store_refuses_writes{${ORDER}}`, values: '1x60' },
      ['severity="page"'],
    ],
    [
      'StandingOrderBrokerFaults',
      { series: 'broker_faults{namespace="shop",job="so-consumer"}', values: '1x60' },
      ['severity="ticket"'],
    ],
    [
      'StandingOrderDeadLetters',
      {
        series: `messaging_client_consumed_messages_total{${ORDER},messaging_destination_name="order-replies",outcome="dead"}`,
        values: '0x20 1x40',
      },
      ['severity="ticket"'],
    ],
    [
      'StandingOrderWebhooksFail',
      { series: 'webhooks_attempts_total{namespace="shop",job="so-notification",outcome="failed"}', values: '0+5x60' },
      ['severity="ticket"'],
    ],
  ])('%s fires', async (alert, series, fires) => {
    await testAlerts(await rulesWith(), [series], at30(alert, fires));
    const quiet = { ...series, values: '0x60' };
    await testAlerts(await rulesWith(), [quiet], at30(alert, []));
  });

  test('StandingOrderServiceDown fires for each service without a replica that answers', async () => {
    const up = (service: string, value: number): Series => ({
      series: `up{namespace="shop",job="so-${service}",instance="a"}`,
      values: `${value}x60`,
    });
    const all = ['consumer', 'notification', 'order', 'restaurant'];
    const down = 'StandingOrderServiceDown';
    await testAlerts(
      await rulesWith(),
      all.map((service) => up(service, 1)),
      at30(down, []),
    );
    const withoutOrder = all.map((service) => up(service, service === 'order' ? 0 : 1));
    await testAlerts(await rulesWith(), withoutOrder, at30(down, ['severity="page"']));
  });

  test('an alert on absent series is a separate one for each service and store', async () => {
    const other: Series = { series: 'up{job="other"}', values: '1x60' };
    await testAlerts(
      await rulesWith(),
      [other],
      [
        {
          at: '30m',
          alert: 'StandingOrderServiceDown',
          by: 'namespace, job',
          fires: services.map((service) => `namespace="shop",job="so-${service}"`),
        },
        {
          at: '30m',
          alert: 'StandingOrderFillLevelUnknown',
          by: 'namespace, job, store',
          fires: ['state', 'broker'].map((store) => `${STORES},store="${store}"`),
        },
      ],
    );
  });

  test('StandingOrderLocalCopiesStale exists in the style replication only', async () => {
    const series = { series: `replica_staleness_seconds{${ORDER},owner="consumer"}`, values: '60x60' };
    const alert = 'StandingOrderLocalCopiesStale';
    await testAlerts(await rulesWith(), [series], at30(alert, []));
    const rules = await rulesWith({}, { order: { style: 'replication' } });
    await testAlerts(rules, [series], at30(alert, ['severity="ticket"']));
  });

  test.each([
    ['StandingOrderRedisFills', 'state', 'memory'],
    ['StandingOrderRedisFills', 'broker', 'memory'],
    ['StandingOrderVolumeFills', 'state', 'volume'],
    ['StandingOrderVolumeFills', 'broker', 'volume'],
  ])('%s fires above the fill level of the %s', async (alert, store, resource) => {
    const labels = `{${STORES},store="${store}",resource="${resource}"}`;
    const filled = (values: string): Series[] => [
      { series: `store_used_bytes${labels}`, values },
      { series: `store_limit_bytes${labels}`, values: '100x60' },
    ];
    await testAlerts(await rulesWith(), filled('90x60'), at30(alert, ['severity="ticket"']));
    await testAlerts(await rulesWith(), filled('70x60'), at30(alert, []));
  });

  test('StandingOrderVolumeFills still fires after its pod was replaced', async () => {
    const filled = (instance: string, values: (bytes: number) => string): Series[] =>
      [
        ['used', 90],
        ['limit', 100],
      ].map(([name, bytes]) => ({
        series: `store_${name}_bytes{${STORES},store="state",resource="volume",instance="${instance}"}`,
        values: values(Number(bytes)),
      }));
    const series = [...filled('old', (bytes) => `${bytes}x28 stale`), ...filled('new', (bytes) => `_x28 ${bytes}x30`)];
    await testAlerts(await rulesWith(), series, at30('StandingOrderVolumeFills', ['severity="ticket"']));
  });

  test('a store without a limit is not full', async () => {
    const series = { series: `store_used_bytes{${STORES},store="state",resource="memory"}`, values: '90x60' };
    await testAlerts(await rulesWith(), [series], at30('StandingOrderRedisFills', []));
  });

  test('StandingOrderFillLevelUnknown fires for a store that cannot be read, and when no pod reads it', async () => {
    const readable = (store: string, value: number): Series => ({
      series: `store_readable{${STORES},store="${store}"}`,
      values: `${value}x60`,
    });
    const rules = await rulesWith();
    const expected = (fires: readonly string[]) => at30('StandingOrderFillLevelUnknown', fires);
    await testAlerts(rules, [readable('state', 1), readable('broker', 1)], expected([]));
    await testAlerts(rules, [readable('state', 1), readable('broker', 0)], expected(['severity="ticket"']));
    await testAlerts(rules, [readable('state', 1)], expected(['severity="ticket"']));
    const withoutStores = await rulesWith({}, { broker: EXTERNAL_KAFKA, stateStore: EXTERNAL_POSTGRESQL });
    expect(JSON.stringify(withoutStores)).not.toMatch(/store_(used|limit|readable)/);
  });
});

describe('the values of monitoring', () => {
  test('are off by default', async () => {
    const kinds = (await render()).map(({ kind }) => kind);
    expect(kinds).not.toContain('PrometheusRule');
    expect(kinds).not.toContain('ConfigMap');
  });

  test('label the rules, their alerts and the dashboard', async () => {
    const objects = await render({
      monitoring: {
        alerts: { enabled: true, labels: { release: 'prometheus' }, alertLabels: { team: 'orders' } },
        dashboard: { enabled: true, annotations: { grafana_folder: 'Shop' } },
      },
    });
    const rule = one(objects, 'PrometheusRule', 'so');
    expect(rule.metadata.labels).toMatchObject({ release: 'prometheus' });
    const alerts = (rule.spec as Rules).groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);
    expect(alerts.length).toBeGreaterThan(15);
    for (const alert of alerts) expect(alert).toMatchObject({ labels: { team: 'orders' } });
    expect(one(objects, 'ConfigMap', 'so-dashboard').metadata).toMatchObject({
      labels: { grafana_dashboard: '1' },
      annotations: { grafana_folder: 'Shop' },
    });
  });

  test('shorten every window of the alerts', async () => {
    const { groups } = await rulesWith({ timeScale: 0.01 });
    const text = JSON.stringify(groups);
    expect(text).toContain('[36000ms]');
    expect(text).not.toMatch(/\[\d+[smhd]\]|"for":"\d+[smhd]"/);
  });

  test('give the dashboard panels in rows of three, each with expressions, and the release as its start', async () => {
    const objects = await render({ monitoring: { dashboard: { enabled: true } } });
    const { panels, templating } = JSON.parse(one(objects, 'ConfigMap', 'so-dashboard').data['so.json']);
    expect(new Set(panels.map(({ id }: { id: number }) => id)).size).toBe(panels.length);
    for (const { gridPos, targets } of panels) {
      expect(gridPos).toMatchObject({ w: 8, h: 8 });
      expect(targets.length).toBeGreaterThan(0);
    }
    const current = Object.fromEntries(
      templating.list.map(({ name, current: chosen }: { name: string; current?: { value: string } }) => [
        name,
        chosen?.value,
      ]),
    );
    expect(current).toMatchObject({ namespace: 'shop', release: 'so' });
    expect(JSON.stringify(panels)).toContain('job=\\"$release-store-metrics\\"');
  });
});
