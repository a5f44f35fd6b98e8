import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import type { LogLine, OrderOutcome } from './log.ts';
import { linesOf, MENU } from './mark.ts';
import { outcomeOf } from './outcome.ts';
import { executorsOf, type Phase, thresholdsOf } from './phases.ts';
import type { Settings } from './settings.ts';
import { type K6Data, summarise, tableOf } from './summary.ts';

const counters: Record<OrderOutcome, Counter> = {
  ok: new Counter('orders_ok'),
  fail: new Counter('orders_fail'),
  unknown: new Counter('orders_unknown'),
};
const duration = new Trend('order_duration', true);

/** What the setup of a run hands to each of its requests. */
interface Run {
  readonly run: string;
}

const log = (line: LogLine): void => console.log(JSON.stringify(line));

function create(url: string, body: object): void {
  const response = http.post(url, JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
  if (response.status !== 201)
    throw new Error(`POST ${url} answered ${response.status} ${response.error} ${response.body}`);
}

/** The functions and options that k6 wants from a script: orders at constant arrival rates, one phase after the other. */
export function scenario(name: string, settings: Settings, phases: readonly Phase[]) {
  const { orderUrl, consumerUrl, restaurantUrl, headers, timeoutMs, maxVUs, summaryFile } = settings;

  return {
    options: {
      scenarios: executorsOf(phases, timeoutMs, maxVUs),
      thresholds: thresholdsOf(phases),
      summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
      discardResponseBodies: false,
      setupTimeout: '60s',
    },

    /** A consumer and a restaurant of its own, so that what is stored can be told from other runs. */
    setup(): Run {
      const run = `load-${Date.now().toString(36)}-${Math.floor(Math.random() * 36 ** 4).toString(36)}`;
      const orderLimit = { amount: 100_000_00, currency: 'EUR' };
      create(`${consumerUrl}/consumers`, { id: run, name: 'Load', orderLimit });
      const menu = MENU.map((id) => ({ id, name: id, price: 1 }));
      create(`${restaurantUrl}/restaurants`, { id: run, name: 'Load', currency: 'EUR', menu });
      log({ type: 'run', scenario: name, run, at: Date.now() });
      return { run };
    },

    order({ run }: Run): void {
      const phase = phases.findIndex((each) => each.name === exec.scenario.name);
      const mark = exec.scenario.iterationInTest * phases.length + phase;
      const key = `${run}-${mark}`;
      const at = Date.now();
      const sent = { run, phase: exec.scenario.name, mark, key, at };
      log({ type: 'sent', ...sent });
      const response = http.post(
        `${orderUrl}/orders`,
        JSON.stringify({ consumerId: run, restaurantId: run, lines: linesOf(mark) }),
        { headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers }, timeout: timeoutMs },
      );
      const { status, body, error_code: errorCode, error } = response;
      const judged = outcomeOf({ status, body, errorCode, error });
      counters[judged.outcome].add(1);
      if (judged.outcome === 'ok') duration.add(response.timings.duration);
      log({ type: 'order', ...sent, ms: Date.now() - at, status, ...judged });
    },

    handleSummary(data: K6Data): Record<string, string> {
      const summary = summarise(name, phases, data);
      const file = summaryFile === '' ? {} : { [summaryFile]: `${JSON.stringify(summary)}\n` };
      return { stdout: tableOf(summary), ...file };
    },
  };
}
