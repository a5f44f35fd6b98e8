import { setTimeout as delay } from 'node:timers/promises';
import { type Platform, startPlatform } from '@standing-order/local';
import { runGenerator } from '../bench/generator/run-generator.ts';
import { create, createEntities } from '../bench/testbed/entities.ts';
import { environmentOf } from '../measurement.ts';
import { type Decisions, receiveDecisions } from './decisions.ts';
import { ExpirySampler } from './expiry-sampler.ts';
import { createLevelReader, type LevelReader, type Levels } from './levels.ts';
import { plateausOf, type Result, seriesOf } from './result.ts';
import { platformOptions, type Settings } from './settings.ts';

const SAMPLE_MS = 5_000;
const POLL_MS = 500;
const REQUEST_TIMEOUT_MS = 10_000;
/** More requests in flight than this are dropped. */
const MAX_IN_FLIGHT = 2_000;
const DECISION_DEADLINE_MS = 180_000;
const NOT_FOUND = 404;

export interface Run {
  readonly settings: Settings;
  readonly portBase: number;
  /** Emptied at the start. */
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** Runs a platform for the simulated year, and measures its stores. */
export async function measure(run: Run): Promise<Result> {
  const { settings, portBase, dataDir, signal } = run;
  const platform = await startPlatform({ ...platformOptions(settings), portBase, dataDir, signal, clean: true });
  const sampler = new ExpirySampler(settings.retentionSeconds, (id) => isStored(platform, id));
  const decisions = await receiveDecisions((id) => sampler.decided(id, performance.now()));
  const levels = await createLevelReader(settings, platform);
  try {
    await createEntities({ consumer: urlOf(platform, 'consumer'), restaurant: urlOf(platform, 'restaurant') });
    await create(`${urlOf(platform, 'notification')}/webhooks`, { url: decisions.url });
    return await measureLoad(run, platform, { sampler, decisions, levels });
  } finally {
    await levels.close();
    await platform.close();
    await decisions.close();
  }
}

interface Parts {
  readonly sampler: ExpirySampler;
  readonly decisions: Decisions;
  readonly levels: LevelReader;
}

async function measureLoad(run: Run, platform: Platform, parts: Parts): Promise<Result> {
  const { settings } = run;
  const { sampler, decisions, levels } = parts;
  const environment = environmentOf();
  const { samples, watch } = createWatch(run, parts);
  const { result, ids } = await offerLoad(settings, platform, watch);
  const undecided = () => ids.filter((id) => !decisions.statuses.has(id));
  const decidedBy = performance.now() + DECISION_DEADLINE_MS;
  await watch(() => undecided().length === 0 || performance.now() > decidedBy);
  const expiredBy = performance.now() + 3 * settings.retentionSeconds * 1_000;
  await watch(() => performance.now() > expiredBy);

  const series = seriesOf(samples);
  const { offered, dropped, acknowledged, others } = result;
  return {
    environment,
    settings,
    series,
    plateaus: plateausOf(series, settings.seconds),
    load: { offered, dropped, acknowledged, others },
    undecided: undecided(),
    refused: ids.filter((id) => !['VALIDATED', undefined].includes(decisions.statuses.get(id))),
    expiry: sampler.result(),
    leftOver: (await levels.read()).orders ?? Number.NaN,
  };
}

/** Reads the orders that are due to expire, and samples the levels of the stores, until `isOver`. */
type Watch = (isOver: () => boolean) => Promise<void>;

/** The times of the samples are seconds after this call. */
function createWatch({ signal, onProgress }: Run, { sampler, decisions, levels }: Parts) {
  const samples: { at: number; levels: Levels }[] = [];
  const startedAt = performance.now();

  async function sample(): Promise<void> {
    const at = (performance.now() - startedAt) / 1_000;
    samples.push({ at, levels: { decided: decisions.statuses.size, ...(await levels.read()) } });
    if (samples.length % 6 === 1) onProgress(`${Math.round(at)} s: ${JSON.stringify(samples.at(-1)?.levels)}`);
  }
  const watch: Watch = async (isOver) => {
    let sampledAt = Number.NEGATIVE_INFINITY;
    while (!isOver()) {
      await sampler.readDue(performance.now());
      if (performance.now() >= sampledAt + SAMPLE_MS) {
        sampledAt = performance.now();
        await sample();
      }
      await delay(POLL_MS, undefined, { signal });
    }
  };
  return { samples, watch };
}

/** Places the orders of the year, and watches meanwhile. */
async function offerLoad({ rate, seconds }: Settings, platform: Platform, watch: Watch) {
  const load = runGenerator({
    target: { by: 'http', urls: [urlOf(platform, 'order')] },
    loop: { kind: 'open', rate },
    warmupSeconds: 0,
    seconds,
    maxRequests: rate * seconds,
    maxInFlight: MAX_IN_FLIGHT,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
  let loadIsOver = false;
  const ended = load.finally(() => {
    loadIsOver = true;
  });
  await Promise.all([ended, watch(() => loadIsOver)]);
  return load;
}

const urlOf = (platform: Platform, service: 'order' | 'consumer' | 'restaurant' | 'notification'): string =>
  platform.urls[service][0] as string;

/** Reads at the replica that did not take the order. */
async function isStored(platform: Platform, id: string): Promise<boolean> {
  const response = await fetch(`${platform.urls.order[1]}/orders/${id}`, {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status === NOT_FOUND) return false;
  if (response.ok) return true;
  throw new Error(`GET /orders/${id}: ${response.status} ${text}`);
}
