import { expect, test } from 'vitest';
import { parseRequest } from './protocol.ts';

test('a request says what to do, and with which part', () => {
  expect(parseRequest('{"action":"list"}\n')).toEqual({ action: 'list' });
  expect(parseRequest('{"action":"kill","part":"order-1"}')).toEqual({ action: 'kill', part: 'order-1' });
});

test.each([
  ['', 'JSON'],
  ['null', 'no action given'],
  ['{"action":"crush","part":"order-1"}', 'there is no action "crush"'],
  ['{"action":"kill"}', 'kill needs the name of a part'],
  ['{"action":"kill","part":1}', 'kill needs the name of a part'],
])('%j is refused', (line, reason) => {
  expect(() => parseRequest(line)).toThrow(reason);
});
