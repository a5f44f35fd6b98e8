import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readArtifacts, repositoryIn } from './maven.ts';
import { TOOLS } from './table.ts';

const pinned = (file: string) => readFile(fileURLToPath(new URL(`../kafka/${file}`, import.meta.url)), 'utf8');

test('pins the files of the Kafka version in the table, each file once', async () => {
  const { version } = TOOLS.kafka.source;
  const paths = readArtifacts(await pinned('artifacts.sha256')).map(({ path }) => path);
  expect(paths).toContain(`org/apache/kafka/kafka_2.13/${version}/kafka_2.13-${version}.jar`);
  const files = paths.map((path) => path.slice(path.lastIndexOf('/') + 1));
  expect(new Set(files).size).toBe(files.length);
  expect(await pinned('pom.xml')).toContain(`<version>${version}</version>`);
});

test('rejects a line without a hash', () => {
  expect(() => readArtifacts('org/example/a-1.jar\n')).toThrow('not an artifact with its sha256: org/example/a-1.jar');
});

const planWith = (repositories: string) => `[DEBUG] === PROJECT BUILD PLAN ===
[DEBUG] Goal:                          com.example:kafka:1
[DEBUG] Repositories (dependencies): [${repositories}]
[DEBUG] Repositories (plugins)     : [plugins (https://other, default, releases)]`;

test.each([
  ['with one repository', planWith('central (https://one/maven2, default, releases)'), 'https://one/maven2'],
  ['with a mirror of several', planWith('m (http://one:80, default, releases+snapshots)'), 'http://one:80'],
  ['with several', planWith('a (https://one, default, releases), b (https://two, default, releases)'), 'https://one'],
  ['with none', planWith(''), undefined],
  ['that is an error', '[ERROR] no goal', undefined],
])('reads the repository from a plan %s', (_, plan, url) => {
  expect(repositoryIn(plan)).toBe(url);
});
