import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mirrorOf, readArtifacts } from './maven.ts';
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

const mirror = (of: string, url: string) => `<mirror><id>m</id><mirrorOf>${of}</mirrorOf><url> ${url} </url></mirror>`;

test.each([
  ['of everything', mirror('*', 'https://one'), 'https://one'],
  ['of Maven Central, among others', mirror('internal,central', 'https://two'), 'https://two'],
  ['of something else first', mirror('internal', 'https://one') + mirror('external:*', 'https://two'), 'https://two'],
  ['of all but Maven Central', mirror('*,!central', 'https://one'), undefined],
  ['in a comment', `<!-- ${mirror('*', 'https://one')} -->`, undefined],
  ['of nothing', '', undefined],
])('a mirror %s', (_, mirrors, url) => {
  expect(mirrorOf(`<settings><mirrors>${mirrors}</mirrors></settings>`)).toBe(url);
});
