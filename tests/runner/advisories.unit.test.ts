import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { auditPackages, countOf, judgeReport } from './advisories.ts';

const ADVISORY = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
  title: 'Denial of service',
  severity: 'high',
  vulnerable_versions: '<1.0.1',
};

let folder: string;
let registry: Server;
let answer: { status: number; body: unknown };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'standing-order-audit-'));
  const dependencies = { example: '1.0.0' };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'shop', version: '1.0.0', dependencies }));
  const packages = {
    '': { name: 'shop', version: '1.0.0', dependencies },
    'node_modules/example': { version: '1.0.0' },
  };
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
  registry = createServer(({ method }, response) => {
    const metadata = { name: 'example', versions: { '1.0.0': { name: 'example', version: '1.0.0' } } };
    const { status, body } = method === 'POST' ? answer : { status: 200, body: metadata };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('npm_config_registry', `http://127.0.0.1:${(registry.address() as AddressInfo).port}`);
  vi.stubEnv('npm_config_cache', join(folder, 'cache'));
  vi.stubEnv('npm_config_noproxy', '127.0.0.1');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
  await rm(folder, { recursive: true });
});

test('passes if the registry has no advisory for a package', async () => {
  answer = { status: 200, body: {} };
  expect((await auditPackages(folder)).outcome).toBe('passed');
});

test('fails with the advisory of a package', async () => {
  answer = { status: 200, body: { example: [ADVISORY] } };
  const { outcome, lines } = await auditPackages(folder);
  expect(outcome).toBe('failed');
  expect(lines).toEqual([
    'Packages with advisories: 1',
    'example <1.0.1: Denial of service (high) https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
  ]);
});

test.each([404, 405, 503])('skips if the registry answers %i', async (status) => {
  answer = { status, body: {} };
  const audit = await auditPackages(folder);
  expect(audit.lines).toEqual([
    expect.stringContaining(`SKIPPED, not passed: the registry compared no package: ${status}`),
  ]);
  expect(countOf(audit)).toEqual({ passed: 0, failed: 0, skipped: 1 });
});

test('skips if no registry listens', async () => {
  await new Promise((resolve) => registry.close(resolve));
  expect((await auditPackages(folder)).outcome).toBe('skipped');
});

test('rejects if npm cannot read the lock file', async () => {
  await writeFile(join(folder, 'package-lock.json'), '{');
  await expect(auditPackages(folder)).rejects.toThrow();
});

test.each(['', '{}', '{"metadata":{}}'])('refuses the output "%s"', (json) => {
  expect(() => judgeReport(json)).toThrow();
});
