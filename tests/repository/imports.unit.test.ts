import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkImports, readImports } from './imports/check.ts';
import { PACKAGES } from './imports/rules.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imports-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Checks a checkout of these files: the lines of the report that name a broken rule, and the whole report. */
async function check(files: Record<string, string>): Promise<{ errors: string[]; report: string }> {
  const checkout = await mkdtemp(join(folder, 'checkout-'));
  for (const name of ['packages', 'services', 'deploy', 'loadtest', 'tests']) await mkdir(join(checkout, name));
  await mkdir(join(checkout, 'node_modules/@standing-order'), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(checkout, path)), { recursive: true });
    await writeFile(join(checkout, path), text);
  }
  for (const [path, text] of Object.entries(files).filter(([name]) => name.endsWith('package.json'))) {
    await symlink(join(checkout, dirname(path)), join(checkout, 'node_modules', JSON.parse(text).name));
  }
  const { report, violations } = await checkImports(checkout);
  const errors = [...report.matchAll(/error (.*)/gu)].map(([, error = '']) => error.trimEnd());
  expect(violations).toBe(errors.length);
  return { errors, report };
}

function aPackage(name: string, folderOfIt: string): Record<string, string> {
  return {
    [`${folderOfIt}/package.json`]: JSON.stringify({
      name: `@standing-order/${name}`,
      exports: { '.': './src/index.ts' },
    }),
    [`${folderOfIt}/src/index.ts`]: 'export const a = 1;',
  };
}

const packages = {
  ...aPackage('dapr', 'packages/dapr'),
  ...aPackage('outbox', 'packages/outbox'),
  ...aPackage('testing', 'packages/testing'),
  ...aPackage('order', 'services/order'),
  ...aPackage('local', 'deploy/local'),
  ...aPackage('tools', 'deploy/tools'),
};

describe('an import is refused', () => {
  it.each([
    ['up the list of packages', 'packages/outbox/src/b.test.ts', '@standing-order/dapr', 'package-order: outbox'],
    ['of a module of Node in the outbox', 'packages/outbox/src/b.ts', 'node:fs', 'outbox-without-dependencies'],
    [
      'of a service in a package',
      'packages/dapr/src/b.ts',
      '@standing-order/order',
      'packages-below-services',
      'tests-of-packages',
    ],
    ['of deploy/ in a package', 'packages/dapr/src/b.ts', '@standing-order/local', 'packages-below-services'],
    ['of another service', 'services/consumer/src/b.ts', '@standing-order/order', 'services-apart'],
    ['of deploy/ in a service', 'services/order/src/b.ts', '@standing-order/tools', 'services-import-packages'],
    ['of a service in deploy/', 'deploy/local/src/b.ts', '@standing-order/order', 'deploy-alone'],
    ['of deploy/local in deploy/tools', 'deploy/tools/src/b.ts', '@standing-order/local', 'tools-first'],
    ['of a package in the checker', 'loadtest/checker/b.ts', '@standing-order/dapr', 'checker-independent'],
    [
      'of a test double in a service',
      'services/order/src/b.ts',
      '@standing-order/testing',
      'production-without-test-code',
    ],
    ['that leads to no file', 'services/order/src/b.ts', './c.ts', 'not-found'],
    ['of a package by its path', 'loadtest/b.ts', '../packages/dapr/src/index.ts', 'packages-by-name'],
    [
      'of tests in load tests',
      'loadtest/b.ts',
      '../tests/a.ts',
      'loadtest-below-tests',
      'production-without-test-code',
    ],
  ])('%s', async (_, from, to, ...rules) => {
    const { errors } = await check({ ...packages, 'tests/a.ts': '', [from]: `import type { A } from '${to}';` });
    expect(errors.map((error) => error.split(`: ${from} → `)[0]).sort()).toEqual([...rules].sort());
  });

  it('from one folder of the order service to a folder above', async () => {
    const { errors, report } = await check({
      'services/order/src/domain/a.ts': "export * from '../http/b.ts';",
      'services/order/src/http/b.ts': 'export const b = 1;',
    });
    expect(errors).toEqual([
      'order-service-folders: domain: services/order/src/domain/a.ts → services/order/src/http/b.ts',
    ]);
    expect(report.replaceAll(/\s+/gu, ' ')).toContain('Imports in services/order/src/ point down this list: http >');
  });

  it('that closes a cycle of packages', async () => {
    const { errors } = await check({
      ...packages,
      'packages/dapr/src/index.ts': "export * from '@standing-order/outbox';",
      'packages/outbox/src/index.ts': "export * from '@standing-order/dapr';",
    });
    expect(errors).toContain('package-order: outbox: packages/outbox/src/index.ts → packages/dapr/src/index.ts');
    expect(errors.filter((error) => error.startsWith('no-cycle'))).not.toEqual([]);
  });

  it('that closes a cycle of files', async () => {
    const { errors } = await check({ 'deploy/a.ts': "import './b.ts';", 'deploy/b.ts': "await import('./a.ts');" });
    expect(errors.filter((error) => error.startsWith('no-cycle: deploy/a.ts'))).not.toEqual([]);
  });
});

it('imports that keep the rules are accepted', async () => {
  const { errors, report } = await check({
    ...packages,
    'packages/dapr/src/b.ts': "import '@standing-order/outbox'; import 'node:fs';",
    'packages/dapr/src/b.int.test.ts': "import '@standing-order/testing'; import '@standing-order/local';",
    'services/order/src/http/b.ts': "import '../domain/c.ts'; import '@standing-order/dapr';",
    'services/order/src/domain/c.ts': '',
    'loadtest/b.ts': "import '@standing-order/order';",
    'tests/b.ts': "import '../loadtest/b.ts'; import '@standing-order/testing';",
  });
  expect(errors).toEqual([]);
  expect(report).toContain('no dependency violations found');
});

it('the order of the packages is the order in docs/architecture.md', async () => {
  const page = await readFile(resolve(import.meta.dirname, '../../docs/architecture.md'), 'utf8');
  const rows = page.matchAll(/^\| \[([\w-]+)\]\(\.\.\/packages\/\1\)/gmu);
  expect([...rows].map(([, name]) => name)).toEqual(PACKAGES);
});

it('every import is found that another parser finds', async () => {
  const checkout = resolve(import.meta.dirname, '../..');
  const found = await readImports(checkout);
  const missing: string[] = [];
  for (const [file, imports] of found) {
    if (!/^(?!.*node_modules).*\.(?:ts|mjs)$/u.test(file)) continue;
    const { staticImports, staticExports } = parseSync(file, await readFile(join(checkout, file), 'utf8')).module;
    const requests = [...staticImports, ...staticExports.flatMap(({ entries }) => entries)];
    for (const name of requests.flatMap(({ moduleRequest }) => moduleRequest?.value ?? [])) {
      if (!imports.has(name) && !imports.has(name.replace('node:', ''))) missing.push(`${file}: ${name}`);
    }
  }
  expect(found.size).toBeGreaterThan(500);
  expect(missing).toEqual([]);
});
