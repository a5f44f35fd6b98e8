import { expect, test } from 'vitest';
import { readLog } from './log.ts';

const sent = (requestNumber: number) => ({
  type: 'sent',
  run: 'r',
  phase: 'p',
  requestNumber,
  key: `r-${requestNumber}`,
  at: 1,
});
const completed = (requestNumber: number) => ({
  ...sent(requestNumber),
  type: 'order',
  ms: 2,
  outcome: 'ok',
  status: 202,
  id: `id-${requestNumber}`,
});
const logOf = (...lines: readonly object[]) => lines.map((line) => JSON.stringify(line)).join('\n');

test('reads each request once, with its outcome', () => {
  const run = { type: 'run', scenario: 'smoke', run: 'r', at: 0 };
  expect(readLog(logOf(run, sent(1), completed(1), { type: 'summary' }), 'log')).toEqual([completed(1)]);
});

test('gives a request that was cut off an unknown outcome', () => {
  expect(readLog(logOf(sent(1), sent(2), completed(1)), 'log')).toMatchObject([
    { requestNumber: 1, outcome: 'ok' },
    { requestNumber: 2, outcome: 'unknown' },
  ]);
});

test.each(['{"type":"order"}', 'no JSON', '{"type":"other"}'])('refuses %s and names its line', (line) => {
  expect(() => readLog(`${logOf(sent(1))}\n${line}`, 'log')).toThrow('log, line 2');
});
