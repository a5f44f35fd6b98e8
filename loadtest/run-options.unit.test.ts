import { expect, test, vi } from 'vitest';
import { readRunOptions } from './run-options.ts';

test('flags become variables of the script', () => {
  expect(
    readRunOptions(['availability', '--url', 'http://127.0.0.1:5000', '--goal', '99', '--style', 'synchronous']),
  ).toMatchObject({
    scenario: 'availability',
    variables: {
      ORDER_URL: 'http://127.0.0.1:5000',
      CONSUMER_URL: 'http://127.0.0.1:5100',
      RESTAURANT_URL: 'http://127.0.0.1:5200',
      GOAL: '99',
      ORDER_STYLE: 'synchronous',
    },
  });
});

test('lengths and a goal may have a fraction', () => {
  const { variables } = readRunOptions(['availability', '--during', '2.5', '--goal', '99.9']);
  expect(variables).toEqual({ DURING_SECONDS: '2.5', GOAL: '99.9' });
});

test('every fault is told at once', () => {
  const args = ['smoke', '--wrong', '--goal', '1', '--url', 'shop', '--log'];
  expect(() => readRunOptions(args)).toThrow(
    /no flag --wrong\n--log needs a value\n--goal means nothing to smoke\n--url: "shop"/,
  );
});

test('a file is meant from where npm was called', () => {
  vi.stubEnv('INIT_CWD', '/home/ada');
  const { log, json } = readRunOptions(['smoke', '--log', 'a.jsonl', '--json', '/tmp/b.json']);
  vi.unstubAllEnvs();
  expect([log, json]).toEqual(['/home/ada/a.jsonl', '/tmp/b.json']);
});

test.each([
  [[], /one of smoke, load, availability/],
  [['smoke', 'load'], /not: smoke load/],
  [['smoke', '--goal', '1'], /--goal means nothing to smoke/],
  [['load', '--url', 'http://shop.example:80'], /neither this machine nor a test host/],
  [['load', '--url', 'shop'], /http:\/\/HOST:PORT/],
  [['load', '--steps', '1,x'], /STEPS: "x"/],
  [['availability', '--rate', '2.5'], /RATE: "2.5" is not a whole number from 1 to 10000/],
  [['load', '--steps', '5,12.5'], /STEPS: "12.5" is not a whole number/],
  [['smoke', '--max-vus', '10.5'], /MAX_VUS: "10.5" is not a whole number/],
  [['smoke', '--wrong'], /--wrong/],
])('%j is refused', (args, message) => {
  expect(() => readRunOptions(args)).toThrow(message);
});
