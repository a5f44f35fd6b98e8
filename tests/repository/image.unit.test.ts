import { glob, readFile } from 'node:fs/promises';
import { dirname, join, matchesGlob, resolve } from 'node:path';
import { parseSync } from 'oxc-parser';
import { beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const ENTRIES = ['services/*/src/main.ts', 'deploy/images/*.ts'];
/** The files without code in the folders that deploy/images/Dockerfile copies. */
const MANIFESTS = ['{packages,services}/*/package.json', 'deploy/images/{package.json,Dockerfile}'];

let context: readonly string[];
beforeAll(async () => {
  context = await readContext();
});

const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');
const matchesAny = (path: string, patterns: readonly string[]) => patterns.some((glob) => matchesGlob(path, glob));

/** The files that the build of the image receives from these folders. The last pattern that matches a file, or a folder of it, decides. */
async function readContext(): Promise<string[]> {
  const patterns = (await read('.dockerignore')).trim().split('\n');
  const isIgnored = (path: string): boolean => {
    const parts = path.split('/');
    const paths = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
    const last = patterns.findLast((pattern) => paths.some((each) => matchesGlob(each, pattern.replace(/^!/, ''))));
    return last !== undefined && !last.startsWith('!');
  };
  const files: string[] = [];
  const exclude = ({ name }: { readonly name: string }) => name === 'node_modules';
  for await (const file of glob('{packages,services,deploy}/**/*', { cwd: ROOT, withFileTypes: true, exclude }))
    if (file.isFile()) files.push(join(file.parentPath, file.name).slice(ROOT.length + 1));
  return files.filter((path) => !isIgnored(path));
}

/** The files to which the names of the repository's packages lead, by `exports` of their package.json. */
async function readExports(): Promise<Map<string, string>> {
  const targets = new Map<string, string>();
  for (const path of context.filter((file) => matchesAny(file, MANIFESTS.slice(0, 1)))) {
    const { name, exports = {} } = JSON.parse(await read(path)) as { name: string; exports?: Record<string, string> };
    for (const [entry, target] of Object.entries(exports)) targets.set(join(name, entry), join(dirname(path), target));
  }
  return targets;
}

/** The files of the repository that the programs of the image import. */
async function reachedFiles(): Promise<Set<string>> {
  const targets = await readExports();
  const reached = new Set(context.filter((path) => matchesAny(path, ENTRIES)));
  for (const file of reached) {
    const { staticImports, staticExports } = parseSync(file, await read(file)).module;
    const requests = [...staticImports, ...staticExports.flatMap(({ entries }) => entries)];
    for (const name of requests.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []))
      if (name.startsWith('.')) reached.add(join(dirname(file), name));
      else if (name.startsWith('@standing-order/')) reached.add(targets.get(name) ?? name);
  }
  return reached;
}

test('the image contains no test, no test double and no simulation', () => {
  expect(context.length).toBeGreaterThan(200);
  const testCode = ['**/*.test.ts', '**/{test,simulation}/**', 'packages/testing/**'];
  expect(context.filter((path) => matchesAny(path, testCode))).toEqual([]);
});

test('the image contains the files that its programs import, and no others', async () => {
  const manifests = context.filter((path) => matchesAny(path, MANIFESTS));
  expect([...context].toSorted()).toEqual([...new Set([...(await reachedFiles()), ...manifests])].toSorted());
});

test('the image contains a software bill of materials of the packages that it installs', async () => {
  const stages = (await read('deploy/images/Dockerfile')).split(/^FROM /m).slice(1);
  const [packages, image] = stages;
  expect(stages).toHaveLength(2);
  const installed = /npm ci ((?:--omit=\w+ )+)/.exec(packages ?? '')?.[1];
  expect(installed).toBe('--omit=dev --omit=optional ');
  expect(packages).toContain(`npm sbom ${installed}--sbom-format=cyclonedx > sbom.cdx.json`);
  expect(image).toContain('COPY --from=packages /app/sbom.cdx.json ./');
});
