// @module-tag chromium
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@standing-order/local/wait';
import { resolveTool } from '@standing-order/tools';
import CDP from 'chrome-remote-interface';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../checker/judge.ts';
import { STYLES } from '../load/answers.ts';
import type { LabLine } from '../load/log.ts';
import { judgeRun } from '../runs/judge-run.ts';
import { openRunStore } from '../runs/run-store.ts';
import { writeReport } from './write.ts';

const START = Date.UTC(2026, 10, 28);
const RATE = 4;
const FAULTS = ['none', 'consumer-down', 'state-store-killed'];

/** A run in which the synchronous style fails during the fault. */
function sampleRun(fault: string, broker: 'redis' | 'kafka') {
  const plan = { fault, broker, repetition: 1, rate: RATE, before: 5, during: 5, after: 5 };
  const times = {
    beganAt: START + 5_000,
    effectiveAt: START + 5_100,
    endBeganAt: START + 10_000,
    endedAt: START + 11_000,
  };
  const requests = STYLES.flatMap((style, place) =>
    Array.from({ length: 15 * RATE }, (_, index): LabLine => {
      const requestNumber = index * STYLES.length + place;
      const at = START + (1_000 / RATE) * index;
      const sent = {
        type: 'order',
        run: 'r',
        phase: style,
        requestNumber,
        key: `r-${requestNumber}`,
        at,
        ms: 20,
        status: 0,
        attempts: 1,
      } as const;
      const fails = fault !== 'none' && style === 'synchronous' && at >= times.beganAt && at < times.endedAt;
      return fails
        ? { ...sent, outcome: 'fail', error: '503 <unavailable>' }
        : { ...sent, outcome: 'ok', id: `id-${requestNumber}`, answeredMs: 20, decidedMs: 80 };
    }),
  );
  const stored = requests.flatMap(({ id, run, requestNumber, at }) =>
    id === undefined ? [] : [{ id, run, requestNumber, status: 'VALIDATED', createdAt: at, decidedAt: at + 80 }],
  );
  const checked = judge(requests, stored);
  return judgeRun({
    plan,
    commit: 'sample',
    requests,
    stored,
    checked,
    undelivered: [],
    unnotified: [0, 120, 3].map((orders, index) => ({ at: START + 5_000 * (index + 1), orders })),
    times,
    startedAt: START,
    deadLetters: {},
  });
}

let folder: string;
let browser: ReturnType<typeof spawn>;
let client: CDP.Client;
const requested: string[] = [];
const faults: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-page-'));
  const store = openRunStore(join(folder, 'runs'));
  await mkdir(store.folder);
  for (const fault of FAULTS)
    for (const broker of ['redis', 'kafka'] as const) await store.write(sampleRun(fault, broker));
  await writeReport(folder, folder);
  const port = await freePort();
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    `--remote-debugging-port=${port}`,
  ];
  browser = spawn(
    await resolveTool('chromium'),
    [...flags, `--user-data-dir=${join(folder, 'profile')}`, 'about:blank'],
    { stdio: 'ignore' },
  );
  const connect = async () => {
    client = await CDP({ port });
  };
  await until('the browser does not respond', connect, 60_000, AbortSignal.timeout(60_000));
  const { Page, Network, Runtime, Log } = client;
  Network.requestWillBeSent(({ request }) => requested.push(request.url));
  Runtime.exceptionThrown(({ exceptionDetails }) =>
    faults.push(exceptionDetails.exception?.description ?? exceptionDetails.text),
  );
  Log.entryAdded(({ entry }) => faults.push(entry.text));
  await Promise.all([Page.enable(), Network.enable({}), Runtime.enable(), Log.enable()]);
});
afterAll(async () => {
  await client?.close();
  browser?.kill('SIGKILL');
  await rm(folder, { recursive: true, maxRetries: 5 });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function open(width: number, height: number): Promise<void> {
  await client.Emulation.setDeviceMetricsOverride({ width, height, deviceScaleFactor: 1, mobile: width < 500 });
  const loaded = new Promise((resolve) => client.Page.on('loadEventFired', resolve));
  await client.Page.navigate({ url: `file://${join(folder, 'index.html')}` });
  await loaded;
}

/** The value of an expression in the page. */
async function read<T>(expression: string): Promise<T> {
  const { result, exceptionDetails } = await client.Runtime.evaluate({
    expression,
    returnByValue: true,
    awaitPromise: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value as T;
}

describe.each([
  ['a desktop', 1_280, 900],
  ['a phone', 390, 844],
])('on %s', (_, width, height) => {
  beforeAll(() => open(width, height));

  test('the page loads no other file and reports no error', () => {
    expect(requested.filter((url) => !url.endsWith('/index.html'))).toEqual([]);
    expect(faults).toEqual([]);
  });

  test('the page itself does not scroll sideways', async () => {
    expect(await read('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('the curves of a cell are drawn when it comes into view', async () => {
    await read("document.getElementById('kafka-state-store-killed').scrollIntoView()");
    const drawn = async () => {
      const count = await read<number>("document.querySelectorAll('#kafka-state-store-killed canvas').length");
      if (count === 0) throw new Error('no curve');
    };
    await until('the curves are not drawn', drawn, 20_000, AbortSignal.timeout(20_000));
    const pixels =
      'const c = document.querySelector("#kafka-state-store-killed canvas"); c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)';
    expect(await read(`{ ${pixels} }`)).toBe(true);
  });
});

test('each share leads to its section by keyboard, and tables have names for a screen reader', async () => {
  await open(1_280, 900);
  expect(
    await read(
      "[...document.querySelectorAll('.matrix a')].filter((a) => !document.querySelector(a.getAttribute('href'))).length",
    ),
  ).toBe(0);
  expect(await read("[...document.querySelectorAll('.matrix td a')].length")).toBe(
    2 * 2 * STYLES.length * FAULTS.length,
  );
  expect(
    await read(
      "[...document.querySelectorAll('table')].filter((t) => !t.querySelector('th[scope=row]') || !t.querySelector('th[scope=col]')).length",
    ),
  ).toBe(0);
  const { nodes } = await client.Accessibility.getFullAXTree({});
  const named = (role: string) =>
    nodes.filter((node) => node.role?.value === role).map((node) => node.name?.value ?? '');
  expect(named('image').filter((name) => name === '')).toEqual([]);
  expect(named('heading')).toContain('Consumer service down, Redis Streams');
  await client.Input.dispatchKeyEvent({ type: 'keyDown', key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 });
  expect(await read('document.activeElement.textContent')).toBe('Skip to the matrix');
});

test('shows shares, the difference to the control, reasons without markup of their own, and the result of the checker', async () => {
  const text = await read<string>("document.getElementById('redis-consumer-down').innerText");
  expect(text).toMatch(
    /-100\.0 points to the control \(.*\) in answers; -100\.0 points to the control \(.*\) in decisions/,
  );
  expect(text).toContain('during: 20 x not answered: 503 <unavailable>');
  expect(text).toContain('decided wrongly, and the notification service has confirmed each decision.');
  expect(text).toContain('at most 120 decisions waited for the notification service');
});

test('prints every curve', async () => {
  const { data } = await client.Page.printToPDF({ preferCSSPageSize: true, printBackground: true });
  expect(Buffer.from(data, 'base64').subarray(0, 5).toString()).toBe('%PDF-');
  expect(await read("document.querySelectorAll('canvas').length")).toBe(6 * 2 * FAULTS.length);
});

test('the picture and the tables have a row for each fault', async () => {
  const [picture, tables] = await Promise.all(
    ['matrix.svg', 'README.md'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  for (const title of ['No fault (control)', 'Consumer service down', 'State store killed']) {
    expect(picture).toContain(`>${title}<`);
    expect(tables).toContain(`| ${title} |`);
  }
});
