// @module-tag chromium
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { operationsOf, orderApi } from '@standing-order/contracts';
import { resolveTool } from '@standing-order/tools';
import { expect, test } from 'vitest';
import { createApp } from './index.ts';

/** The page as a browser renders it without access to other machines, and the messages in the browser's console. */
async function browse(
  program: string,
  url: string,
): Promise<{ readonly page: string; readonly consoleMessages: string[] }> {
  const profile = await mkdtemp(join(tmpdir(), 'standing-order-browser-'));
  try {
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--enable-logging=stderr',
      '--virtual-time-budget=20000',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      `--user-data-dir=${profile}`,
    ];
    const options = { timeout: 120_000, maxBuffer: 32 * 1024 * 1024 };
    const { stdout, stderr } = await promisify(execFile)(program, [...flags, '--dump-dom', url], options);
    return { page: stdout, consoleMessages: stderr.split('\n').filter((line) => line.includes('CONSOLE')) };
  } finally {
    await rm(profile, { recursive: true, maxRetries: 5 });
  }
}

test('a browser without internet access shows every operation, without an error', async () => {
  const app = createApp({ readiness: () => ({ ready: true, reasons: [] }), authenticate: undefined }, orderApi);
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/docs`;
    const { page, consoleMessages } = await browse(await resolveTool('chromium'), url);
    for (const { path } of operationsOf(orderApi)) expect(page).toContain(`data-path="${path}"`);
    expect(consoleMessages).toEqual([]);
  } finally {
    server.close();
  }
});
