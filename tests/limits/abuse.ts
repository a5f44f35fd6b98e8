import { Documents } from '@standing-order/loadtest/documents';
import { createEntities } from '@standing-order/loadtest/entities';
import { runGenerator } from '@standing-order/loadtest/generator';
import { findPortBase, type Platform, startPlatform } from '@standing-order/local';
import { poll } from '@standing-order/testing/poll';
import { AUDIENCE, startTestIssuer, type TestIssuer } from '@standing-order/testing/test-issuer';
import { Attack, type AttackCounts, type AttackPlan } from '../support/attack.ts';
import { get } from '../support/client.ts';
import { connectRedis } from '../support/redis.ts';
import type { Containment } from './containment.ts';

export interface AbuseOptions {
  readonly plan: AttackPlan;
  /** Number of undisturbed and of disturbed phases, in turns. */
  readonly rounds: number;
  /** Seconds that are measured of a phase. */
  readonly seconds: number;
  /** Orders per second of the other caller. */
  readonly rate: number;
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** One phase: milliseconds to the acknowledgement, and numbers of orders. */
export interface AbusePhase {
  readonly disturbed: boolean;
  readonly p50: number;
  readonly p99: number;
  readonly offered: number;
  readonly acknowledged: number;
  /** Peak resident bytes of the order service and of its sidecar. */
  readonly peaks: Readonly<Record<string, number>>;
  readonly attack: AttackCounts | undefined;
}

export interface AbuseResult {
  readonly phases: readonly AbusePhase[];
  readonly undecided: number;
}

const WARMUP_SECONDS = 3;
const DECIDED_WITHIN_MS = 120_000;
const ATTACKER = 'mallory';
const VALID_SECONDS = 3_600;

/** Lets one caller place orders, in turns with and without the abuse of another caller. Authentication is on. */
export async function measureAbuse(options: AbuseOptions, containment: Containment): Promise<AbuseResult> {
  const issuer = await startTestIssuer();
  let platform: Platform | undefined;
  try {
    const env = { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: AUDIENCE };
    platform = await startPlatform({
      dataDir: options.dataDir,
      signal: options.signal,
      clean: true,
      portBase: await findPortBase(),
      env: { order: env, consumer: env, restaurant: env },
      program: containment.contain,
      onProgress: options.onProgress,
    });
    return await measure(options, containment, platform, issuer);
  } finally {
    await platform?.close();
    await issuer.close();
  }
}

async function measure(
  { plan, rounds, seconds, rate, signal, onProgress }: AbuseOptions,
  containment: Containment,
  platform: Platform,
  issuer: TestIssuer,
): Promise<AbuseResult> {
  const exp = Math.floor(Date.now() / 1_000) + VALID_SECONDS;
  const headers = { authorization: `Bearer ${await issuer.token({ sub: 'caller', roles: ['admin'], exp })}` };
  const [url, consumer, restaurant] = (['order', 'consumer', 'restaurant'] as const).map(
    (service) => platform.urls[service][0] as string,
  ) as [string, string, string];
  await createEntities({ consumer, restaurant }, headers);
  const place = (warmupSeconds: number) =>
    runGenerator({
      target: { by: 'http', urls: [url], headers },
      loop: { kind: 'open', rate },
      warmupSeconds,
      seconds,
      maxRequests: 1_000_000,
      maxInFlight: 4_000,
      timeoutMs: 15_000,
    });
  const token = await issuer.token({ sub: ATTACKER, exp });
  const ids: string[] = [];
  const phases: AbusePhase[] = [];
  // Compiles the code first.
  ids.push(...(await place(seconds)).ids);
  for (let round = 0; round < rounds * 2; round++) {
    const disturbed = round % 2 === 1;
    const attack = disturbed ? new Attack({ url, consumerId: ATTACKER, token }) : undefined;
    containment.peaks(platform);
    try {
      await attack?.start(plan);
      const { ids: placed, result } = await place(WARMUP_SECONDS);
      ids.push(...placed);
      const { offered, acknowledged, latency } = result;
      const peaks = containment.peaks(platform);
      const { p50, p99 } = latency;
      phases.push({ disturbed, p50, p99, offered, acknowledged, peaks, attack: attack?.counts() });
      onProgress(`${disturbed ? 'disturbed' : 'undisturbed'}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    } finally {
      attack?.stop();
    }
    await poll(
      'the next phase starts with a service at rest',
      () => isReady(url),
      (ready) => ready,
    );
  }
  const redis = await connectRedis(platform.stores.state);
  try {
    const documents = new Documents(redis);
    await documents.untilDecided(ids, DECIDED_WITHIN_MS, signal);
    return { phases, undecided: await documents.undecided(ids) };
  } finally {
    redis.destroy();
  }
}

const isReady = async (url: string): Promise<boolean> => (await get(`${url}/readyz`)).status === 200;
