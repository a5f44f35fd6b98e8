import { describe, expect, test } from 'vitest';
import { parseProcesses, tableOf } from './processes-command.ts';
import { parseStart } from './start-command.ts';

describe('the command line of npm start', () => {
  test('gives the options', () => {
    const argv = ['--port-base', '5000', '--replicas', 'order=2,consumer=3', '--store=postgresql', '--clean', '--once'];
    expect(parseStart([...argv, '--broker', 'kafka', '--data-dir', '/tmp/x'])).toEqual({
      kind: 'start',
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

  test('gives services their variables, of two for one the later', () => {
    const issuer = 'AUTH_ISSUER=http://127.0.0.1:9000/?a=b';
    const argv = ['--env', issuer, '--env', 'consumer:AUTH_ISSUER=', '--env', 'order:STYLE_OVERRIDE=refused'];
    const url = { AUTH_ISSUER: 'http://127.0.0.1:9000/?a=b' };
    expect(parseStart([...argv, '--style', 'synchronous'])).toMatchObject({
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

  test('tells every fault at once', () => {
    const argv = [
      '--port-base',
      '80',
      '--style',
      'messaging',
      '--env',
      'waiter:LOG_LEVEL=info',
      '--env',
      'LOG_LEVEL',
      '--replicas',
      'order=11,restaurant=0,waiter=1,consumer',
      '--store',
      'mysql',
      '--broker=pigeons',
      '--what',
      '--once=1',
    ];
    const command = parseStart([...argv, `--data-dir=/tmp/${'x'.repeat(120)}`]);
    expect(command).toMatchObject({
      kind: 'faults',
      faults: [
        'there is no flag --what',
        '--once takes no value',
        'style: "messaging" is none of respond-first, synchronous, replication',
        'replicas: "waiter=1" is not of the form order|consumer|restaurant|notification=N',
        'replicas: "consumer" is not of the form order|consumer|restaurant|notification=N',
        'env: "waiter:LOG_LEVEL=info" is not of the form NAME=VALUE or order|consumer|restaurant|notification:NAME=VALUE',
        'env: "LOG_LEVEL" is not of the form NAME=VALUE or order|consumer|restaurant|notification:NAME=VALUE',
        'port base: 80 is no integer from 1024 to 64536',
        'store: "mysql" is neither redis nor postgresql',
        'broker: "pigeons" is neither redis nor kafka',
        'replicas: order=11 is no integer from 1 to 10',
        'replicas: restaurant=0 is no integer from 1 to 10',
        expect.stringContaining('data directory: its path is too long'),
      ],
    });
  });

  test.each([
    [['--port-base', 'abc'], 'port base: "abc" is no number'],
    [['--port-base'], '--port-base needs a value'],
    [['--store', '--once'], '--store needs a value'],
    [['--store', 'redis', '--store', 'redis'], '--store is given twice'],
    [['now'], 'unexpected: now'],
    [['--replicas', 'notification=11'], 'replicas: notification=11 is no integer from 0 to 10'],
  ])('refuses %j', (argv, fault) => {
    expect(parseStart(argv)).toEqual({ kind: 'faults', faults: [fault] });
  });
});

describe('the command line of npm run processes', () => {
  test('says what is asked of the platform', () => {
    expect(parseProcesses(['list', '--json'])).toMatchObject({ kind: 'ask', request: { action: 'list' }, json: true });
    expect(parseProcesses(['pause', 'order-1', '--data-dir', '/tmp/x'])).toEqual({
      kind: 'ask',
      request: { action: 'pause', process: 'order-1' },
      socket: '/tmp/x/control.sock',
      json: false,
    });
  });

  test.each([
    [[], 'say what to do: list, start, stop, kill, pause, resume'],
    [['crush', 'order-1'], 'there is no "crush": list, start, stop, kill, pause, resume'],
    [['kill'], 'kill needs the name of a process; "list" shows them'],
    [['list', 'order-1'], 'unexpected: order-1'],
  ])('refuses %j', (argv, fault) => {
    expect(parseProcesses(argv)).toEqual({ kind: 'faults', faults: [fault] });
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
