import { expect, test, vi } from 'vitest';
import { createLoadCommand, type RunOptions } from './run-options.ts';

/** Parses a command line. Rejects with everything that the user reads. */
async function readRunOptions(args: readonly string[]): Promise<RunOptions> {
  let output = '';
  const collect = (text: string) => {
    output += text;
  };
  let options: RunOptions | undefined;
  const command = createLoadCommand(async (given) => {
    options = given;
  });
  for (const each of [command, ...command.commands]) each.configureOutput({ writeOut: collect, writeErr: collect });
  await command.parseAsync(args, { from: 'user' }).catch((error: Error) => {
    throw new Error(`${output}${error.message}`);
  });
  return options as RunOptions;
}

test('a run in a cluster has a release, and no URL', async () => {
  const args = ['smoke', '--cluster', '--release', 'x', '--k6-image', 'k6:1', '--style', 'synchronous'];
  expect(await readRunOptions(args)).toMatchObject({
    cluster: { namespace: 'default', release: 'x', k6Image: 'k6:1' },
    variables: { ORDER_STYLE: 'synchronous' },
  });
  expect((await readRunOptions(['smoke'])).cluster).toBeUndefined();
  const both = ['smoke', '--cluster', '--url', 'http://127.0.0.1:4000'];
  await expect(readRunOptions(both)).rejects.toThrow('leave out --url');
});

test('passes flags to the script as variables', async () => {
  const args = ['availability', '--url', 'http://127.0.0.1:5000', '--goal', '99', '--style', 'synchronous'];
  expect(await readRunOptions(args)).toMatchObject({
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

test('takes the token of an administrator from the environment, for a run in a cluster, too', async () => {
  vi.stubEnv('BEARER_TOKEN', 'a.b.c');
  for (const args of [['smoke'], ['smoke', '--cluster']])
    expect((await readRunOptions(args)).variables).toEqual({ BEARER_TOKEN: 'a.b.c' });
  vi.stubEnv('BEARER_TOKEN', 'two secrets');
  const refused = await readRunOptions(['smoke']).then(String, String);
  expect(refused).toContain('BEARER_TOKEN: is not a bearer token');
  expect(refused).not.toContain('two secrets');
  vi.unstubAllEnvs();
});

test('accepts fractions in durations and in the goal', async () => {
  const { variables } = await readRunOptions(['availability', '--during', '2.5', '--goal', '99.9']);
  expect(variables).toEqual({ DURING_SECONDS: '2.5', GOAL: '99.9' });
});

test('lists every wrong value in one message', async () => {
  const args = ['smoke', '--rate', '0', '--timeout-ms', 'x', '--url', 'http://shop.example:80'];
  await expect(readRunOptions(args)).rejects.toThrow(/RATE: "0".*\nTIMEOUT_MS: "x".*\nORDER_URL: .*shop\.example/);
});

test('resolves files against the folder in which npm was called', async () => {
  vi.stubEnv('INIT_CWD', '/home/ada');
  const { log, json } = await readRunOptions(['smoke', '--log', 'a.jsonl', '--json', '/tmp/b.json']);
  vi.unstubAllEnvs();
  expect([log, json]).toEqual(['/home/ada/a.jsonl', '/tmp/b.json']);
});

test('prints the defaults of a scenario in its help', async () => {
  await expect(readRunOptions(['load', '--help'])).rejects.toThrow(/default:\s+25,50,100,200,400,800/);
});

test.each([
  [[], /smoke[\s\S]*load[\s\S]*availability/],
  [['peak'], /unknown command 'peak'/],
  [['smoke', 'load'], /too many arguments/],
  [['smoke', '--goal', '1'], /unknown option '--goal'/],
  [['smoke', '--log'], /'--log <file>' argument missing/],
  [['load', '--url', 'http://shop.example:80'], /neither this machine nor a test host/],
  [['load', '--url', 'shop'], /http:\/\/HOST:PORT/],
  [['load', '--steps', '1,x'], /STEPS: "x"/],
  [['availability', '--rate', '2.5'], /RATE: "2.5" is not a whole number from 1 to 10000/],
  [['load', '--steps', '5,12.5'], /STEPS: "12.5" is not a whole number/],
  [['smoke', '--max-vus', '10.5'], /MAX_VUS: "10.5" is not a whole number/],
  [['smoke', '--wrong'], /--wrong/],
])('rejects %j', async (args, message) => {
  await expect(readRunOptions(args)).rejects.toThrow(message);
});
