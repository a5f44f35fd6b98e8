import { glob, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { TOOLS } from './table.ts';

const configuration = resolve(import.meta.dirname, '../../dapr');

async function includedComponents(): Promise<string[]> {
  const source = await readFile(join(TOOLS.daprd.source.folder, 'components.go'), 'utf8');
  return [...source.matchAll(/^\t\{"([^"]+)", func/gm)].map((match) => match[1] ?? '');
}

/** As in `state.redis` and `state.postgresql/v2`: Dapr leaves out v1, which is the initial version. */
async function configuredComponents(): Promise<string[]> {
  const files = await Array.fromAsync(glob('**/*.yaml', { cwd: configuration }));
  const contents = await Promise.all(files.map((file) => readFile(join(configuration, file), 'utf8')));
  return contents
    .flatMap((content) => parseAllDocuments(content).map((document) => document.toJS()))
    .filter(({ kind }) => kind === 'Component')
    .map(({ spec: { type, version } }) => (version === 'v1' ? type : `${type}/${version}`));
}

test('includes every component that the platform configures', async () => {
  const configured = await configuredComponents();
  expect(configured.length).toBeGreaterThanOrEqual(4);
  expect(await includedComponents()).toEqual(expect.arrayContaining(configured));
});

test('includes the name resolution that the platform configures', async () => {
  const { spec } = parse(await readFile(join(configuration, 'configuration.yaml'), 'utf8'));
  expect(await includedComponents()).toContain(`nameresolution.${spec.nameResolution.component}`);
});

test('is built with the version of Dapr that go.mod pins', async () => {
  const pins = await readFile(join(TOOLS.daprd.source.folder, 'go.mod'), 'utf8');
  const version = /github\.com\/dapr\/dapr v(\S+)/.exec(pins)?.[1];
  expect(version).toBe(TOOLS.daprd.wanted.atLeast);
  expect(TOOLS.daprd.source.flags.join()).toContain(`buildinfo.version=${version}+standing-order`);
});
