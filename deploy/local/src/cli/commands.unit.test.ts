import type { Command } from '@standing-order/tools/cli';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { PlatformOptions } from '../options.ts';
import { createProcessesCommand, type ProcessesOptions, tableOf } from './processes-command.ts';
import { createStartCommand } from './start-command.ts';

afterEach(() => void vi.unstubAllEnvs());

/** The options that a command line of `npm start` gives. Rejects with the message of a usage error. */
async function parseStart(argv: readonly string[]) {
  let parsed: { options: PlatformOptions; once: boolean } | undefined;
  const command = createStartCommand(async (options, once) => {
    parsed = { options, once };
  });
  await silenced(command).parseAsync(argv, { from: 'user' });
  return parsed;
}

/** The request that a command line of `npm run processes` gives. Rejects with the message of a usage error. */
async function parseProcesses(argv: readonly string[]) {
  let parsed: ProcessesOptions | undefined;
  const command = createProcessesCommand(async (options) => {
    parsed = options;
  });
  await silenced(command).parseAsync(argv, { from: 'user' });
  return parsed;
}

/** Commander prints its usage errors; the tests read them from the rejection. */
function silenced(command: Command): Command {
  for (const each of [command, ...command.commands]) each.configureOutput({ writeErr: () => {} });
  return command;
}

describe('the command line of npm start', () => {
  test('gives the options', async () => {
    const argv = ['--port-base', '5000', '--replicas', 'order=2,consumer=3', '--store=postgresql', '--clean', '--once'];
    expect(await parseStart([...argv, '--broker', 'kafka', '--data-dir', '/tmp/x'])).toEqual({
      once: true,
      options: {
        dataDir: '/tmp/x',
        portBase: 5000,
        replicas: { order: 2, consumer: 3, notification: 1 },
        env: { order: { STYLE_OVERRIDE: 'allowed', ORDER_STYLE: 'respond-first' } },
        store: 'postgresql',
        broker: 'kafka',
        clean: true,
      },
    });
  });

  test('gives services their variables; a later value replaces an earlier one', async () => {
    const issuer = 'AUTH_ISSUER=http://127.0.0.1:9000/?a=b';
    const argv = ['--env', issuer, '--env', 'consumer:AUTH_ISSUER=', '--env', 'order:STYLE_OVERRIDE=refused'];
    const url = { AUTH_ISSUER: 'http://127.0.0.1:9000/?a=b' };
    expect(await parseStart([...argv, '--style', 'synchronous'])).toMatchObject({
      options: {
        env: {
          order: { ...url, STYLE_OVERRIDE: 'refused', ORDER_STYLE: 'synchronous' },
          consumer: { AUTH_ISSUER: '' },
          restaurant: url,
          notification: url,
        },
      },
    });
  });

  test('lists every invalid value at once', async () => {
    const argv = ['--port-base', '80', '--style', 'messaging', '--env', 'waiter:LOG_LEVEL=info', '--env', 'LOG_LEVEL'];
    const more = ['--replicas', 'order=11,restaurant=0,waiter=1,consumer', '--store', 'mysql', '--broker=pigeons'];
    const dataDir = `/tmp/${'x'.repeat(120)}`;
    await expect(parseStart([...argv, ...more, `--data-dir=${dataDir}`])).rejects.toThrow(
      [
        '--style must be one of respond-first, synchronous, replication, not "messaging"',
        '--replicas must be a list of order|consumer|restaurant|notification=N, not "waiter=1"',
        '--replicas must be a list of order|consumer|restaurant|notification=N, not "consumer"',
        '--env must be NAME=VALUE or order|consumer|restaurant|notification:NAME=VALUE, not "waiter:LOG_LEVEL=info"',
        '--env must be NAME=VALUE or order|consumer|restaurant|notification:NAME=VALUE, not "LOG_LEVEL"',
        '--port-base must be an integer between 1024 and 64536',
        '--store must be redis or postgresql, not "mysql"',
        '--broker must be redis or kafka, not "pigeons"',
        '--replicas: order must be an integer between 1 and 10, not 11',
        '--replicas: restaurant must be an integer between 1 and 10, not 0',
        `--data-dir: the path is too long for a socket in it (${dataDir})`,
      ].join('\n'),
    );
  });

  test.each([
    [['--port-base', 'abc'], '--port-base must be an integer between 1024 and 64536'],
    [['--port-base'], 'argument missing'],
    [['--what'], "unknown option '--what'"],
    [['--store', '--once'], '--store must be redis or postgresql, not "--once"'],
    [['now'], 'too many arguments'],
    [['--replicas', 'notification=11'], '--replicas: notification must be an integer between 0 and 10, not 11'],
  ])('refuses %j', async (argv, message) => {
    await expect(parseStart(argv)).rejects.toThrow(message);
  });

  test.each(['collector:4318', 'collector', 'grpc://collector:4317', 'http:collector'])(
    'refuses %j as a receiver of traces',
    async (url) => {
      vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url);
      vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', url);
      const fault = 'must be an http or https URL';
      await expect(parseStart([])).rejects.toThrow(
        `OTEL_EXPORTER_OTLP_ENDPOINT ${fault}\nOTEL_EXPORTER_OTLP_TRACES_ENDPOINT ${fault}`,
      );
    },
  );
});

test('the help after an error names npm start itself', async () => {
  const output: string[] = [];
  const command = createStartCommand(async () => {});
  command.configureOutput({ writeErr: (text) => void output.push(text) });
  await command.parseAsync(['--what'], { from: 'user' }).catch(() => {});
  expect(output.join('')).toContain('See npm start -- --help.');
});

describe('the command line of npm run processes', () => {
  test('gives the request and the socket of the platform', async () => {
    expect(await parseProcesses(['list', '--json'])).toMatchObject({ request: { action: 'list' }, json: true });
    expect(await parseProcesses(['pause', 'order-1', '--data-dir', '/tmp/x'])).toEqual({
      request: { action: 'pause', process: 'order-1' },
      socket: '/tmp/x/control.sock',
      json: false,
    });
  });

  test.each([
    [[], 'outputHelp'],
    [['crush', 'order-1'], "unknown command 'crush'"],
    [['kill'], "missing required argument 'name'"],
    [['list', 'order-1'], 'too many arguments'],
  ])('refuses %j', async (argv, message) => {
    await expect(parseProcesses(argv)).rejects.toThrow(message);
  });

  test('shows processes as a table', () => {
    const table = tableOf([
      { name: 'order-1', kind: 'service', state: 'running', ports: [4000], pid: 12, uptimeSeconds: 5 },
      { name: 'redis-state', kind: 'store', state: 'stopped', ports: [4900], ended: 'ended by SIGKILL' },
    ]);
    expect(table.split('\n')).toEqual([
      'NAME         STATE    PID  PORT  UP',
      'order-1      running  12   4000  5 s',
      'redis-state  stopped  -    4900  -    ended by SIGKILL',
    ]);
  });
});
