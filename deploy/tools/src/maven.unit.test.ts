import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readArtifacts, repositoryIn } from './maven.ts';
import { tools } from './table.ts';

const pinned = (file: string) => readFile(fileURLToPath(new URL(`../kafka/${file}`, import.meta.url)), 'utf8');

test('the pins of Kafka are those of the version that is asked for, each file once', async () => {
  const { version } = tools.kafka.source;
  const paths = readArtifacts(await pinned('artifacts.sha256')).map(({ path }) => path);
  expect(paths).toContain(`org/apache/kafka/kafka_2.13/${version}/kafka_2.13-${version}.jar`);
  const files = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
  expect(new Set(files).size).toBe(files.length);
  expect(await pinned('pom.xml')).toContain(`<version>${version}</version>`);
});

test('a line that pins nothing is refused', () => {
  expect(() => readArtifacts('org/example/a-1.jar\n')).toThrow('no artifact with its sha256: org/example/a-1.jar');
});

const plan = (repositories: string) => `[DEBUG] === PROJECT BUILD PLAN ===
[DEBUG] Goal:                          com.example:kafka:1
[DEBUG] Repositories (dependencies): [${repositories}]
[DEBUG] Repositories (plugins)     : [plugins (https://other, default, releases)]`;

test.each([
  ['one repository', plan('central (https://one/maven2, default, releases)'), 'https://one/maven2'],
  ['a mirror of several', plan('m (http://one:80, default, releases+snapshots)'), 'http://one:80'],
  ['several', plan('a (https://one, default, releases), b (https://two, default, releases)'), 'https://one'],
  ['none', plan(''), undefined],
  ['no plan at all', '[ERROR] no goal', undefined],
])('Maven names %s', (_, said, url) => {
  expect(repositoryIn(said)).toBe(url);
});
