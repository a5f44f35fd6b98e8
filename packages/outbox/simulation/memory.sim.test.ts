import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND } from '../src/util/time.ts';
import { SimulationRun, type Variant } from './run.ts';
import { createScenario, plainOrders } from './scenarios.ts';

const LIMITS = { lanes: 8, window: 8, lookAhead: 64, cachedSegments: 16 };
const PER_SEGMENT = 100;

/** The maximum of the windows of three channels, the look-ahead and one scan per taken over writer. */
const BOUND = LIMITS.lanes * LIMITS.window * 3 + LIMITS.lookAhead + LIMITS.cachedSegments + 200;

/** A stopped writer that left this many open orders. */
function leftBehind(open: number): (key: string) => unknown {
  const segments = Math.ceil(open / PER_SEGMENT);
  return (key) => {
    const [kind, name, n] = key.split(':');
    if (key === 'writers') return { v: 1, revision: 1, writers: ['dead'] };
    if (key === 'w:dead') return { v: 1, beat: 9, lo: 1, limit: segments + 1, left: false };
    if (kind === 's' && name === 'dead' && Number(n) >= 1 && Number(n) <= segments) {
      const first = (Number(n) - 1) * PER_SEGMENT;
      return { v: 1, ids: Array.from({ length: PER_SEGMENT }, (_, i) => `b${first + i}`) };
    }
    if (kind !== 'o' || !name?.startsWith('b')) return undefined;
    const [id, createdAt] = [name, Date.UTC(2026, 0, 1)];
    return {
      id,
      nonce: `${id} nonce`,
      fingerprint: `${id} usual`,
      createdAt,
      body: '',
      status: 'PENDING',
      verdicts: {},
    };
  };
}

/** The maximum number of entries in memory while the validators were down for ten minutes. */
async function peak(own: number, others: number, variant: Variant = {}): Promise<number> {
  const orders = plainOrders(own, 10 * SECOND, 5 * MINUTE);
  const run = new SimulationRun(
    createScenario({ slots: 1, settings: LIMITS, orders, healsAt: 10 * MINUTE }),
    false,
    variant,
  );
  const { simulator, cluster, clients, environment } = run;
  if (others > 0) environment.store.background = leftBehind(others);
  for (const validator of environment.rates.validators.values()) validator.state = 'down';
  cluster.start(1);
  for (const order of orders) clients.plan(order);
  let most = 0;
  const sample = () => {
    most = Math.max(most, ...cluster.alive().map(({ outbox }) => outbox.stats().entries));
    simulator.schedule(SECOND, sample);
  };
  sample();
  await simulator.run(10 * MINUTE, () => false);
  expect(run.checker.violation).toBeUndefined();
  return most;
}

describe('the number of entries in memory', () => {
  test('is the same for 1,000 open orders of its own and for 20,000', async () => {
    const [few, many] = [await peak(1_000, 0), await peak(20_000, 0)];
    process.stdout.write(`entries at 1,000 open orders: ${few}; at 20,000: ${many}; bound ${BOUND}\n`);
    expect(Math.max(few, many)).toBeLessThanOrEqual(BOUND);
  });

  test('is the same for 1,000 open orders taken over and for 1,000,000', async () => {
    const [few, many] = [await peak(0, 1_000), await peak(0, 1_000_000)];
    process.stdout.write(`entries at 1,000 open orders taken over: ${few}; at 1,000,000: ${many}; bound ${BOUND}\n`);
    expect(Math.max(few, many)).toBeLessThanOrEqual(BOUND);
  });

  test('grows when every open order is loaded', async () => {
    const greedy = { settings: { lookAhead: 1_000_000, cachedSegments: 1_000_000 } };
    expect(await peak(10_000, 0, greedy)).toBeGreaterThan(BOUND);
  });
});
