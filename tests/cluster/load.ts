import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { check, formatVerdict, isClean, readLog } from '@standing-order/loadtest/checker';
import type { OrderLine, SentLine } from '@standing-order/loadtest/request-log';
import type { Cluster } from './cluster.ts';
import { CONTROL_PORT, startLoadPod } from './load-pod.ts';
import { DECIDED_WITHIN_MS, withStore } from './store.ts';
import { type Stretch, stretchOf } from './stretch.ts';

const minute = 60_000;
/** No run is longer, whatever happens to who should stop it. */
const LONGEST_MS = 30 * minute;
/** More than the order service takes to answer by itself, so that slowness of the machine is no failure. */
const TIMEOUT_MS = 15_000;
/** How long a load goes on after a fault before it is judged. */
const TAIL_MS = 3_000;

/** Orders per second: what two cores carry beside a cluster. */
export const RATE = 10;

/** A few orders, one after the other. Rejects unless all of them were taken; resolves to them. */
export async function smoke(cluster: Cluster, name: string, image: string): Promise<readonly OrderLine[]> {
  await startLoadPod(cluster, { name, image, scenario: 'smoke', variables: { TIMEOUT_MS } });
  const requests = await requestsIn(cluster, name, await cluster.kubectl(['logs', '--follow', name]));
  const missed = requests.filter(({ outcome }) => outcome !== 'ok');
  if (requests.length === 0 || missed.length > 0)
    throw new Error(`${missed.length} of ${requests.length} orders were not taken: ${missed[0]?.error}`);
  return requests;
}

/** Orders at a constant rate, from `start` until `end`, while one thing after the other is done to the release. */
export class SteadyLoad {
  readonly #cluster: Cluster;
  readonly #name: string;
  readonly #ended: OrderLine[] = [];
  /** Sent, and nothing is known of them yet: when. */
  readonly #underWay = new Map<string, number>();
  /** When the last request was sent, by the clock of the load generator. */
  #now = 0;
  #log: Promise<string> | undefined;

  constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
  }

  /** Resolves when the first order is taken. */
  async start(image: string): Promise<void> {
    const variables = { STEPS: RATE, STEP_SECONDS: LONGEST_MS / 1_000, TIMEOUT_MS };
    await startLoadPod(this.#cluster, { name: this.#name, image, scenario: 'load', variables });
    const onLine = (line: string) => this.#see(line);
    this.#log = this.#cluster.kubectl(['logs', '--follow', this.#name], { deadlineMs: LONGEST_MS, onLine });
    // Told by who waits for something to be in it.
    this.#log.catch(() => {});
    await this.#until('an order is taken', () => this.acknowledged.length > 0, minute);
  }

  /** The orders that were taken so far. */
  get acknowledged(): readonly OrderLine[] {
    return this.#ended.filter(({ outcome }) => outcome === 'ok');
  }

  /** Resolves when it has gone on for so long. */
  lasts(ms: number): Promise<void> {
    const end = this.#now + ms;
    return this.#until(`${ms} ms of load`, () => this.#now >= end, ms + minute);
  }

  /** What came of the orders from now until `fault` is done, and shortly after; resolves when all of them have their answer. */
  async during(fault: () => Promise<unknown>): Promise<Stretch> {
    const from = this.#now;
    await fault();
    const to = this.#now + TAIL_MS;
    const isOver = () => this.#now > to && [...this.#underWay.values()].every((at) => at > to);
    await this.#until('every order has an answer', isOver, TAIL_MS + TIMEOUT_MS + minute);
    return stretchOf(this.#ended, RATE, from, to);
  }

  /** Stops it, and resolves to all of its requests. */
  async end(): Promise<readonly OrderLine[]> {
    await this.#cluster.forwarded(`pod/${this.#name}`, CONTROL_PORT, async (port) => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/status`, {
        method: 'PATCH',
        body: JSON.stringify({ data: { type: 'status', id: 'default', attributes: { stopped: true } } }),
        signal: AbortSignal.timeout(10_000),
      });
      if (!answer.ok) throw new Error(`k6 answered ${answer.status} when it was told to stop`);
    });
    return requestsIn(this.#cluster, this.#name, (await this.#log) ?? '');
  }

  #see(line: string): void {
    if (!/^\{"type":"(sent|order)"/.test(line)) return;
    const entry: SentLine | OrderLine = JSON.parse(line);
    if (entry.type === 'sent') {
      this.#now = entry.at;
      this.#underWay.set(entry.key, entry.at);
    } else {
      this.#underWay.delete(entry.key);
      this.#ended.push(entry);
    }
  }

  async #until(what: string, holds: () => boolean, deadlineMs: number): Promise<void> {
    await this.#cluster.eventually(`${this.#name}: ${what}`, async () => holds() || undefined, deadlineMs);
  }
}

async function requestsIn(cluster: Cluster, name: string, log: string): Promise<readonly OrderLine[]> {
  const lines = log.split('\n').filter((line) => line.startsWith('{"type":'));
  const text = lines.join('\n');
  await writeFile(join(cluster.options.scratch, `${name}.jsonl`), text);
  if (lines.length === 0) throw new Error(`${name} ended without a request: ${log.slice(-1_000)}`);
  return readLog(text, name);
}

/** Compares all that some runs were told with the state store, until every order is decided; rejects if anything is amiss. */
export async function checked(cluster: Cluster, requests: readonly OrderLine[]): Promise<string> {
  const verdict = await withStore(cluster, (storeUrl) =>
    check({ requests, storeUrl, waitMs: DECIDED_WITHIN_MS, signal: cluster.signal }),
  );
  if (!isClean(verdict)) throw new Error(formatVerdict(verdict).join('; '));
  return `${formatVerdict(verdict)[0]}; none lost, doubled, stuck, wrong or unexpected`;
}
