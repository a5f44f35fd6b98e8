import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import type { LogLine, OrderOutcome } from './log.ts';
import { outcomeOf } from './outcome.ts';
import { executorsOf, type Phase, thresholdsOf } from './phases.ts';
import { linesOf, MENU } from './request-number.ts';
import type { Settings } from './settings.ts';
import { type K6Data, summarize, summaryTable } from './summary.ts';

const counters: Record<OrderOutcome, Counter> = {
  ok: new Counter('orders_ok'),
  fail: new Counter('orders_fail'),
  unknown: new Counter('orders_unknown'),
};
const duration = new Trend('order_duration', true);

/** Data that the setup of a run passes to each request. */
interface Run {
  readonly run: string;
}

const log = (line: LogLine): void => console.log(JSON.stringify(line));

function createEntity(url: string, body: object, authorization: Settings['authorization']): void {
  const response = http.post(url, JSON.stringify(body), {
    headers: { 'content-type': 'application/json', ...authorization },
  });
  if (response.status === 401 || response.status === 403)
    throw new Error(`POST ${url} was refused: set BEARER_TOKEN to the token of an administrator. ${response.body}`);
  // Without a response the status is 0.
  if (response.status === 0)
    throw new Error(
      `POST ${url} failed: ${response.error}. Start the platform (npm start), or give its addresses with --url, --consumer-url and --restaurant-url.`,
    );
  if (response.status !== 201)
    throw new Error(`POST ${url} failed: ${response.status} ${response.error} ${response.body}`);
}

/** The functions and options that a k6 script exports: orders at constant arrival rates, one phase after the other. */
export function createScenario(name: string, settings: Settings, phases: readonly Phase[]) {
  const { orderUrl, consumerUrl, restaurantUrl, headers, authorization, timeoutMs, maxVUs, summaryFile } = settings;

  return {
    options: {
      scenarios: executorsOf(phases, timeoutMs, maxVUs),
      thresholds: thresholdsOf(phases),
      summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
      discardResponseBodies: false,
      setupTimeout: '60s',
    },

    /** Creates a consumer and a restaurant for this run, which distinguish its orders from those of other runs. */
    setup(): Run {
      const run = `load-${Date.now().toString(36)}-${Math.floor(Math.random() * 36 ** 4).toString(36)}`;
      const orderLimit = { amount: 100_000_00, currency: 'EUR' };
      createEntity(`${consumerUrl}/consumers`, { id: run, name: 'Load', orderLimit }, authorization);
      const menu = MENU.map((id) => ({ id, name: id, price: 1 }));
      createEntity(`${restaurantUrl}/restaurants`, { id: run, name: 'Load', currency: 'EUR', menu }, authorization);
      log({ type: 'run', scenario: name, run, at: Date.now() });
      return { run };
    },

    order({ run }: Run): void {
      const phase = phases.findIndex((each) => each.name === exec.scenario.name);
      const requestNumber = exec.scenario.iterationInTest * phases.length + phase;
      const key = `${run}-${requestNumber}`;
      const at = Date.now();
      const sent = { run, phase: exec.scenario.name, requestNumber, key, at };
      log({ type: 'sent', ...sent });
      const response = http.post(
        `${orderUrl}/orders`,
        JSON.stringify({ consumerId: run, restaurantId: run, lines: linesOf(requestNumber) }),
        {
          headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers, ...authorization },
          timeout: timeoutMs,
        },
      );
      const { status, body, error_code: errorCode, error } = response;
      const result = outcomeOf({ status, body, errorCode, error });
      counters[result.outcome].add(1);
      if (result.outcome === 'ok') duration.add(response.timings.duration);
      log({ type: 'order', ...sent, ms: Date.now() - at, status, ...result });
    },

    handleSummary(data: K6Data): Record<string, string> {
      const summary = summarize(name, phases, data);
      const file = summaryFile === '' ? {} : { [summaryFile]: `${JSON.stringify(summary)}\n` };
      return { stdout: summaryTable(summary), ...file };
    },
  };
}
