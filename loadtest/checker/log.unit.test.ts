import { expect, test } from 'vitest';
import { readLog } from './log.ts';

const sent = (mark: number) => ({ type: 'sent', run: 'r', phase: 'p', mark, key: `r-${mark}`, at: 1 });
const answered = (mark: number) => ({
  ...sent(mark),
  type: 'order',
  ms: 2,
  outcome: 'ok',
  status: 202,
  id: `id-${mark}`,
});
const logOf = (...lines: readonly object[]) => lines.map((line) => JSON.stringify(line)).join('\n');

test('a request is read once, with what came of it', () => {
  const run = { type: 'run', scenario: 'smoke', run: 'r', at: 0 };
  expect(readLog(logOf(run, sent(1), answered(1), { type: 'summary' }), 'log')).toEqual([answered(1)]);
});

test('a request that was cut off may have been taken', () => {
  expect(readLog(logOf(sent(1), sent(2), answered(1)), 'log')).toMatchObject([
    { mark: 1, outcome: 'ok' },
    { mark: 2, outcome: 'unknown' },
  ]);
});

test.each(['{"type":"order"}', 'no JSON', '{"type":"other"}'])('%s is refused by its line', (line) => {
  expect(() => readLog(`${logOf(sent(1))}\n${line}`, 'log')).toThrow('log, line 2');
});
