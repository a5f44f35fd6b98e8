import { describe, expect, test } from 'vitest';
import { ExpirySampler } from './expiry-sampler.ts';

const RETENTION_SECONDS = 30;
const SECOND = 1_000;

/** The result for an order that is decided at 0 and expires at this time. */
async function sampleOf(expiresAt: number) {
  let now = 0;
  const sampler = new ExpirySampler(RETENTION_SECONDS, async () => now < expiresAt);
  sampler.decided('a', now);
  for (; now <= 100 * SECOND; now += SECOND) await sampler.readDue(now);
  return sampler.result();
}

describe('a sampled order', () => {
  test('that expires at its retention is right', async () => {
    expect(await sampleOf(30 * SECOND)).toEqual({ sampled: 1, missing: [], remaining: [] });
  });

  test('that is gone before half of its retention is missing', async () => {
    expect(await sampleOf(10 * SECOND)).toEqual({ sampled: 1, missing: ['a'], remaining: [] });
  });

  test('that is stored after twice its retention remains', async () => {
    expect(await sampleOf(1_000 * SECOND)).toEqual({ sampled: 1, missing: [], remaining: ['a'] });
  });
});

test('one order in half a second is sampled, and each is read when it is due', async () => {
  const reads: string[] = [];
  const sampler = new ExpirySampler(RETENTION_SECONDS, async (id) => reads.push(id) > 0);
  for (const [id, at] of [
    ['a', 0],
    ['b', 400],
    ['c', 500],
  ] as const)
    sampler.decided(id, at);
  await sampler.readDue(15 * SECOND);
  expect(reads).toEqual(['a']);
  await sampler.readDue(16 * SECOND);
  expect(reads).toEqual(['a', 'c']);
});
