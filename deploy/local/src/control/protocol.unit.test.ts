import { expect, test } from 'vitest';
import { parseRequest } from './protocol.ts';

test('parses a request with its action and process', () => {
  expect(parseRequest('{"action":"list"}\n')).toEqual({ action: 'list' });
  expect(parseRequest('{"action":"kill","process":"order-1"}')).toEqual({ action: 'kill', process: 'order-1' });
});

test.each([
  ['', 'JSON'],
  ['null', 'no action given'],
  ['{"action":"crush","process":"order-1"}', 'there is no action "crush"'],
  ['{"action":"kill"}', 'kill needs the name of a process'],
  ['{"action":"kill","process":1}', 'kill needs the name of a process'],
])('refuses %j', (line, reason) => {
  expect(() => parseRequest(line)).toThrow(reason);
});
