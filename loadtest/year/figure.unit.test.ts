import { describe, expect, test } from 'vitest';
import { drawFigure } from './figure.ts';
import { plateausOf, type Result, seriesOf } from './result.ts';

/** A run with a sample every ten seconds. */
function run(settings: Partial<Result['settings']>): Result {
  const at = Array.from({ length: 12 }, (_, index) => index * 10);
  const series = seriesOf(
    at.map((seconds) => ({
      at: seconds,
      levels: {
        decided: seconds * 100,
        orders: Math.min(seconds, 30) * 100,
        entries: 3_500,
        stateBytes: 8_000_000,
        journalBytes: 60_000_000,
        brokerBytes: 900_000,
      },
    })),
  );
  return {
    environment: {},
    settings: { store: 'redis', broker: 'redis', rate: 100, seconds: 90, retentionSeconds: 10, ...settings },
    series,
    plateaus: plateausOf(series, 90),
    load: { offered: 9_000, dropped: 0, acknowledged: 9_000, others: {} },
    undecided: [],
    refused: [],
    expiry: { sampled: 1, missing: [], remaining: [] },
    leftOver: 0,
  };
}

const figure = drawFigure([run({}), run({ store: 'postgresql', broker: 'kafka' })]);

describe('the figure', () => {
  test('has a column of charts for each run, and a line for each of its levels', () => {
    expect(figure).toContain('State in Redis, messages in Redis');
    expect(figure).toContain('State in PostgreSQL, messages in Kafka');
    expect(figure.match(/<path class="line /g)).toHaveLength(2 * 6);
  });

  test('draws only finite numbers inside its bounds', () => {
    const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(figure) ?? [];
    const paths = [...figure.matchAll(/ d="([^"]+)"/g)].map(([, path = '']) => path);
    const points = paths.flatMap((path) => [...path.matchAll(/[ML](\S+) ([^LMHV]+)/g)]);
    expect(points.length).toBeGreaterThan(100);
    for (const [, x, y] of points) {
      expect(Number(x)).toBeGreaterThanOrEqual(0);
      expect(Number(x)).toBeLessThanOrEqual(Number(width));
      expect(Number(y)).toBeGreaterThanOrEqual(0);
      expect(Number(y)).toBeLessThanOrEqual(Number(height));
    }
  });

  test('has colours for a light and for a dark page', () => {
    const [light, dark] = figure.split('@media (prefers-color-scheme: dark)');
    for (const part of ['.panel', '.grid', '.title', '.small', '.line-0', '.line-1']) {
      expect(light).toContain(part);
      expect(dark).toContain(part);
    }
  });

  test('describes the levels for readers who do not see it', () => {
    expect(figure).toContain('Orders stored: at most 3000, then 3000');
    expect(figure).toContain('Files of the broker: at most 878.9 KiB, then 878.9 KiB');
  });
});
