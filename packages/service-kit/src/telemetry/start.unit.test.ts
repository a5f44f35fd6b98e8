import './start.ts';
import { afterAll, expect, test } from 'vitest';
import { metricsText, stopTelemetry } from './backend.ts';
import { meter } from './meter.ts';

afterAll(() => stopTelemetry(1_000));

const samplesOf = (text: string, name: string): string[] =>
  text.split('\n').flatMap((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `) ? [line.trim()] : []));
const scrape = async (name: string) => samplesOf(await metricsText(), name);

test('exports a gauge without the series that it no longer observes', async () => {
  const waiting = new Map([
    ['consumer', 7],
    ['details', 8],
  ]);
  meter.createObservableGauge('next').addCallback((result) => {
    for (const [channel, value] of waiting) result.observe(value, { channel });
  });
  expect(await scrape('next')).toEqual(['next{channel="consumer"} 7', 'next{channel="details"} 8']);
  waiting.delete('consumer');
  expect(await scrape('next')).toEqual(['next{channel="details"} 8']);
  waiting.clear();
  expect(await scrape('next')).toEqual([]);
  waiting.set('consumer', 3);
  expect(await scrape('next')).toEqual(['next{channel="consumer"} 3']);
});

test('exports each gauge to concurrent scrapes', async () => {
  meter.createObservableGauge('open').addCallback((result) => result.observe(5));
  expect(await Promise.all([scrape('open'), scrape('open')])).toEqual([['open 5'], ['open 5']]);
});

test('keeps the total of a counter', async () => {
  const committed = meter.createCounter('committed');
  committed.add(2);
  expect(await scrape('committed_total')).toEqual(['committed_total 2']);
  expect(await scrape('committed_total')).toEqual(['committed_total 2']);
});
