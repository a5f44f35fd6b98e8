import { afterAll, describe, expect, test } from 'vitest';
import { DEMO_ORDER } from '../src/demo.ts';
import { findPortBase } from '../src/ports.ts';
import type { ProcessView } from '../src/processes/spec.ts';
import { nothingLeft, printed, runProgram, temporaryDir } from './support/harness.ts';

describe('npm start', () => {
  const dir = temporaryDir();
  afterAll(() => dir.remove());

  test('prints the statuses of an order, and keeps running until it is stopped', async () => {
    const portBase = await findPortBase();
    const place = ['--data-dir', dir.path];
    const run = runProgram('start.ts', [...place, '--port-base', String(portBase)]);
    await printed(run, 'Ctrl-C stops everything');
    expect(run.output()).toMatch(/PENDING {4}acknowledged after \d+ ms\n {2}VALIDATED {2}after \d+ ms, 23\.40 EUR/);

    const picked = await fetch(`http://127.0.0.1:${portBase}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'order-style': 'synchronous' },
      body: JSON.stringify(DEMO_ORDER),
      signal: AbortSignal.timeout(10_000),
    });
    expect(picked.status).toBe(201);
    expect(await picked.json()).toMatchObject({ status: 'VALIDATED', total: { amount: 2340, currency: 'EUR' } });

    const twice = runProgram('start.ts', [...place, '--port-base', String(await findPortBase())]);
    expect(await twice.ended).toBe(1);
    expect(twice.output()).toContain(`a platform is already running in ${dir.path}`);

    const list = runProgram('processes.ts', ['list', '--json', ...place]);
    expect(await list.ended).toBe(0);
    const processes = JSON.parse(list.output()) as ProcessView[];
    expect(processes.filter(({ state }) => state === 'running')).toHaveLength(10);

    run.child.kill('SIGINT');
    expect(await run.ended).toBe(0);
    await nothingLeft(
      processes.flatMap(({ pid }) => pid ?? []),
      processes.flatMap(({ ports }) => ports),
    );
    const gone = runProgram('processes.ts', ['list', ...place]);
    expect(await gone.ended).toBe(1);
    expect(gone.output()).toMatch(/no platform runs in .*; start one with "npm start"/);
  });

  test('--once ends by itself when the order is validated, also over the data of an earlier run and in another style', async () => {
    const portBase = await findPortBase();
    const place = ['--data-dir', dir.path, '--port-base', String(portBase)];
    const run = runProgram('start.ts', ['--once', '--style', 'synchronous', ...place]);
    expect(await run.ended, run.output()).toBe(0);
    // The response itself is the decided order, with prices.
    expect(run.output()).toMatch(/Order \S+\n {2}VALIDATED {2}after \d+ ms, 23\.40 EUR/);
    await nothingLeft(
      [],
      [0, 1, 100, 200, 300, 900, 901].map((offset) => portBase + offset),
    );
  });

  test('lists every invalid option, with exit code 2', async () => {
    const run = runProgram('start.ts', ['--port-base', '1', '--store', 'paper', '--data-dir', dir.path]);
    expect(await run.ended).toBe(2);
    expect(run.output()).toContain('--port-base must be an integer between');
    expect(run.output()).toContain('--store must be redis or postgresql, not "paper"');
  });
});
