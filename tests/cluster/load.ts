import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { check, formatResult, isClean, readLog } from '@standing-order/loadtest/checker';
import type { OrderLine, SentLine } from '@standing-order/loadtest/request-log';
import type { Cluster } from './cluster.ts';
import { type FaultWindow, selectFaultWindow } from './fault-window.ts';
import { CONTROL_PORT, startLoadPod } from './load-pod.ts';
import { DECIDED_WITHIN_MS, withStore } from './store.ts';

const MINUTE_MS = 60_000;
/** k6 ends its run after this time if this test has not stopped it. */
const MAX_MS = 30 * MINUTE_MS;
/** Longer than the order service's own timeout, so that a slow machine causes no failure. */
const TIMEOUT_MS = 15_000;
/** How long a fault window extends beyond the end of its fault. */
const TAIL_MS = 3_000;

/** Orders per second: a rate that two cores sustain while they also run the cluster. */
export const RATE = 10;

/** Places a few orders in sequence and resolves to them. Rejects unless all of them are acknowledged. */
export async function placeSmokeOrders(cluster: Cluster, name: string, image: string): Promise<readonly OrderLine[]> {
  await startLoadPod(cluster, { name, image, scenario: 'smoke', variables: { TIMEOUT_MS } });
  const requests = await readRequests(cluster, name, await cluster.kubectl(['logs', '--follow', name]));
  const missed = requests.filter(({ outcome }) => outcome !== 'ok');
  if (requests.length === 0 || missed.length > 0)
    throw new Error(`${missed.length} of ${requests.length} orders were not acknowledged: ${missed[0]?.error}`);
  return requests;
}

/** Orders at a constant rate, from `start` to `stop`, while the faults occur in sequence. */
export class SteadyLoad {
  readonly #cluster: Cluster;
  readonly #name: string;
  readonly #completed: OrderLine[] = [];
  /** Send times of the requests without a response, by key. */
  readonly #inFlight = new Map<string, number>();
  /** Send time of the last request, by the clock of the load generator. */
  #now = 0;
  #log: Promise<string> | undefined;

  constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
  }

  /** Resolves when the first order is acknowledged. */
  async start(image: string): Promise<void> {
    const variables = { STEPS: RATE, STEP_SECONDS: MAX_MS / 1_000, TIMEOUT_MS };
    await startLoadPod(this.#cluster, { name: this.#name, image, scenario: 'load', variables });
    const onLine = (line: string) => this.#readLine(line);
    this.#log = this.#cluster.kubectl(['logs', '--follow', this.#name], { deadlineMs: MAX_MS, onLine });
    // `stop` rejects with this error, and without a log every wait ends at its deadline.
    this.#log.catch(() => {});
    await this.#waitUntil('an order is acknowledged', () => this.acknowledged.length > 0, MINUTE_MS);
  }

  /** The orders that are acknowledged so far. */
  get acknowledged(): readonly OrderLine[] {
    return this.#completed.filter(({ outcome }) => outcome === 'ok');
  }

  /** Resolves after this time of load. */
  waitFor(ms: number): Promise<void> {
    const end = this.#now + ms;
    return this.#waitUntil(`${ms} ms of load`, () => this.#now >= end, ms + MINUTE_MS);
  }

  /** Runs `fault`. Resolves to the orders sent from its start until shortly after its end, when each of them has a response. */
  async during(fault: () => Promise<unknown>): Promise<FaultWindow> {
    const from = this.#now;
    await fault();
    const to = this.#now + TAIL_MS;
    const isComplete = () => this.#now > to && [...this.#inFlight.values()].every((at) => at > to);
    await this.#waitUntil('every order has a response', isComplete, TAIL_MS + TIMEOUT_MS + MINUTE_MS);
    return selectFaultWindow(this.#completed, RATE, from, to);
  }

  /** Stops k6, and resolves to all of its requests. */
  async stop(): Promise<readonly OrderLine[]> {
    await this.#cluster.forward(`pod/${this.#name}`, CONTROL_PORT, async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/status`, {
        method: 'PATCH',
        body: JSON.stringify({ data: { type: 'status', id: 'default', attributes: { stopped: true } } }),
        signal: AbortSignal.timeout(10_000),
      });
      if (!response.ok) throw new Error(`k6 responded ${response.status} to the request to stop`);
    });
    return readRequests(this.#cluster, this.#name, (await this.#log) ?? '');
  }

  #readLine(line: string): void {
    if (!/^\{"type":"(sent|order)"/.test(line)) return;
    const entry: SentLine | OrderLine = JSON.parse(line);
    if (entry.type === 'sent') {
      this.#now = entry.at;
      this.#inFlight.set(entry.key, entry.at);
    } else {
      this.#inFlight.delete(entry.key);
      this.#completed.push(entry);
    }
  }

  async #waitUntil(description: string, holds: () => boolean, deadlineMs: number): Promise<void> {
    await this.#cluster.waitFor(`${this.#name}: ${description}`, async () => holds() || undefined, deadlineMs);
  }
}

async function readRequests(cluster: Cluster, name: string, log: string): Promise<readonly OrderLine[]> {
  const lines = log.split('\n').filter((line) => line.startsWith('{"type":'));
  const text = lines.join('\n');
  await writeFile(join(cluster.options.scratch, `${name}.jsonl`), text);
  if (lines.length === 0) throw new Error(`${name} has logged no request: ${log.slice(-1_000)}`);
  return readLog(text, name);
}

/** Compares the logged requests of load runs with the state store until every order is decided; rejects at a fault. */
export async function checkOrders(cluster: Cluster, requests: readonly OrderLine[]): Promise<string> {
  const result = await withStore(cluster, (storeUrl) =>
    check({ requests, storeUrl, waitMs: DECIDED_WITHIN_MS, signal: cluster.signal }),
  );
  if (!isClean(result)) throw new Error(formatResult(result).join('; '));
  return `${formatResult(result)[0]}; none lost, doubled, stuck, unnotified, wrong or unexpected`;
}
