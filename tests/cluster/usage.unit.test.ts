import { describe, expect, test } from 'vitest';
import { parseSamples, usageBetween, usageTable } from './usage.ts';

describe('usageBetween', () => {
  const stats = (seconds: number, cpu: number) => ({
    pods: ['shop', 'other'].map((namespace) => ({
      podRef: { name: 'shop-order-1', namespace },
      containers: [
        {
          name: 'daprd',
          cpu: { time: new Date(seconds * 1_000).toISOString(), usageCoreNanoSeconds: cpu },
          memory: { workingSetBytes: 100 * 2 ** 20 },
        },
      ],
    })),
  });
  const samples = (seconds: number, cpu: number) => parseSamples(stats(seconds, cpu), 'shop');

  test('subtracts two samples that are far enough apart', () => {
    const usages = usageBetween(samples(0, 0), samples(20, 1e9));
    expect(usages).toEqual([{ pod: 'shop-order-1', container: 'daprd', millicores: 50, mebibytes: 100 }]);
    expect(usageTable(usages ?? []).at(-1)).toEqual({ what: 'idle, the whole release', value: '0.05 cores, 100 MiB' });
  });

  test('is undefined without a second sample that is late enough', () => {
    expect(usageBetween(samples(0, 0), samples(10, 1e9))).toBeUndefined();
    expect(usageBetween(samples(0, 0), [])).toBeUndefined();
  });
});
