// @module-tag k6
// @module-tag postgres
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { poll } from '@standing-order/testing/poll';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useIssuerPlatform } from '../support/issuer-platform.ts';
import { usePlatform } from '../support/platform-fixture.ts';
import { connectRedis } from '../support/redis.ts';

const root = resolve(import.meta.dirname, '../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-load-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs one of the programs as its users do. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((done) => {
    const options = { timeout: 120_000, cwd: root, env: { ...process.env, ...env } };
    execFile(process.execPath, [join('loadtest', program), ...args], options, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });
}

const load = (...args: readonly string[]) => run('run.ts', args);
const logOf = (name: string) => join(folder, `${name}.jsonl`);

async function checked(store: string, log: string, wait = '60') {
  const { code, output } = await run('checker/main.ts', ['--store', store, '--wait', wait, '--json', log]);
  return { code, ...JSON.parse(output) };
}

async function acknowledgedIn(log: string): Promise<string[]> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line)).flatMap(({ id }) => id ?? []);
}

describe('with state in Redis', () => {
  const fixture = usePlatform(() => ({ replicas: { notification: 1 } }));
  const url = () => fixture().platform.urls.order[0] ?? '';

  test('smoke: every order is acknowledged, decided and found by the checker, and the log holds only that run', async () => {
    await writeFile(
      logOf('smoke'),
      '{"type":"sent","run":"of-another-store","phase":"p","requestNumber":1,"key":"k","at":1}\n',
    );
    const { code, output } = await load('smoke', '--url', url(), '--seconds', '3', '--log', logOf('smoke'));
    expect(code, output).toBe(0);
    expect(output).toContain('100.00 %');
    const result = await checked(fixture().platform.stores.state, logOf('smoke'));
    expect(result).toMatchObject({ code: 0, lost: [], doubled: [], stuck: [], wrong: [], unexpected: [] });
    expect(result.acknowledged).toBeGreaterThanOrEqual(15);
    expect(result.sent).toBe(result.acknowledged);
  });

  test('the checker names a deleted order', async () => {
    const [id] = await acknowledgedIn(logOf('smoke'));
    const redis = await connectRedis(fixture().platform.stores.state);
    const keys = await redis.keys(`*o:${id}`);
    expect(await redis.del(keys)).toBe(1);
    redis.destroy();
    expect(await checked(fixture().platform.stores.state, logOf('smoke'), '0')).toMatchObject({ code: 1, lost: [id] });
  });

  test('the checker names decided orders that the notification service has not confirmed, and none after they are', async () => {
    const { platform } = fixture();
    await platform.kill('notification-1-dapr');
    const { code, output } = await load('smoke', '--url', url(), '--seconds', '1', '--log', logOf('unnotified'));
    expect(code, output).toBe(0);
    const acknowledged = await acknowledgedIn(logOf('unnotified'));
    const checkedNow = () => checked(platform.stores.state, logOf('unnotified'), '0');
    const result = await poll('every order is decided', checkedNow, ({ stuck }) => stuck.length === 0);
    expect(result).toMatchObject({ code: 1, lost: [], doubled: [], wrong: [], unexpected: [] });
    expect(result.unnotified.toSorted()).toEqual(acknowledged.toSorted());
    await platform.start('notification-1-dapr');
    expect(await checked(platform.stores.state, logOf('unnotified'))).toMatchObject({ code: 0, unnotified: [] });
  });

  test('availability: with the consumer killed and restarted, every order is acknowledged and none is lost', async () => {
    const phases = ['--rate', '20', '--before', '2', '--during', '4', '--after', '3', '--goal', '100'];
    const running = load('availability', '--url', url(), ...phases, '--log', logOf('availability'));
    const begun = (phase: string) =>
      poll(
        `an order ${phase}`,
        () => readFile(logOf('availability'), 'utf8'),
        (log) => log.includes(`"phase":"${phase}"`),
      );
    await begun('during');
    await fixture().platform.kill('consumer-1');
    await begun('after');
    await fixture().platform.start('consumer-1');
    const { code, output } = await running;
    expect(code, output).toBe(0);
    expect(await checked(fixture().platform.stores.state, logOf('availability'))).toMatchObject({
      code: 0,
      lost: [],
      doubled: [],
      stuck: [],
      unexpected: [],
    });
  });

  test('load: prints the sustained rates', async () => {
    const { code, output } = await load('load', '--url', url(), '--steps', '5,10', '--step-seconds', '2');
    expect(code, output).toBe(0);
    expect(output).toMatch(/sustained: (5|10)\/s/);
  });

  test('a request that is dropped for want of a response counts as offered and not acknowledged', async () => {
    const summary = join(folder, 'paused.json');
    const few = ['--rate', '20', '--seconds', '3', '--max-vus', '5', '--timeout-ms', '2000', '--log', logOf('paused')];
    const running = load('smoke', '--url', url(), ...few, '--json', summary);
    await poll(
      'the first order',
      () => readFile(logOf('paused'), 'utf8'),
      (log) => log.includes('"outcome":"ok"'),
    );
    await fixture().platform.pause('order-1');
    const { code, output } = await running;
    await fixture().platform.resume('order-1');
    expect(code, output).toBe(1);
    expect(output).toContain('FAILED: availability is below its goal (k6 thresholds crossed)');
    const [phase] = JSON.parse(await readFile(summary, 'utf8')).phases;
    expect(phase.dropped).toBeGreaterThan(0);
    expect(phase.offered).toBeGreaterThanOrEqual(60);
    expect(phase.availability).toBeLessThan(1);
  });

  test('a run that reaches no service fails', async () => {
    const { code, output } = await load('smoke', '--url', url(), '--restaurant-url', 'http://127.0.0.1:9');
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining('restaurants') });
  });
});

test('a local port that is not the order service is refused', async () => {
  const server = createServer((_, response) => response.end('another program')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, output } = await load('smoke', '--url', `http://127.0.0.1:${port}`);
  server.close();
  expect({ code, output }).toMatchObject({
    code: 1,
    output: expect.stringContaining(
      `127.0.0.1:${port} is not the order service. kubectl port-forward binds only [::1]`,
    ),
  });
});

test('load on a host that is not allowed is refused', async () => {
  const { code, output } = await load('smoke', '--url', 'http://shop.example:80');
  expect({ code, output }).toMatchObject({ code: 2, output: expect.stringContaining('shop.example') });
});

describe('where callers need a token', () => {
  const { fixture, adminToken } = useIssuerPlatform();
  const smoke = (BEARER_TOKEN: string) => {
    const url = fixture().platform.urls.order[0] ?? '';
    return run('run.ts', ['smoke', '--url', url, '--seconds', '2'], { BEARER_TOKEN });
  };

  test('a run with the token of an administrator is acknowledged', async () => {
    const { code, output } = await smoke(await adminToken());
    expect(code, output).toBe(0);
    expect(output).toContain('100.00 %');
  });

  test.each(['', 'not.a.token'])('a run with the token "%s" fails, and names the variable', async (text) => {
    const { code, output } = await smoke(text);
    expect(code).toBe(1);
    expect(output).toContain('set BEARER_TOKEN to the token of an administrator');
  });
});

describe('with state in PostgreSQL', () => {
  const fixture = usePlatform(() => ({ store: 'postgresql' }));

  test('the checker finds every order', async () => {
    const log = logOf('postgresql');
    const { code, output } = await load(
      'smoke',
      '--url',
      fixture().platform.urls.order[0] ?? '',
      '--seconds',
      '1',
      '--log',
      log,
    );
    expect(code, output).toBe(0);
    expect(await checked(fixture().platform.stores.state, log)).toMatchObject({ code: 0, lost: [] });
  });
});
