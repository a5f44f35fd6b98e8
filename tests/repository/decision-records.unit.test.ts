import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = resolve(import.meta.dirname, '../../docs/adr');

/** The status of each record, by its number. */
const STATUSES = new Map(
  await Promise.all(
    (await readdir(FOLDER))
      .filter((name) => /^\d{4}-/.test(name))
      .map(async (name): Promise<[string, string]> => {
        const text = await readFile(join(FOLDER, name), 'utf8');
        return [name.slice(0, 4), /^- Status: (.*)$/mu.exec(text)?.[1] ?? ''];
      }),
  ),
);

const linksIn = (text: string): string[] => [...text.matchAll(/\[(\d{4})\]/gu)].map(([, number = '']) => number);
/** The later records that change this one. */
const changedBy = (number: string): string[] => linksIn(STATUSES.get(number) ?? '').filter((other) => other > number);
/** The earlier records that this one changes. */
const changes = (number: string): string[] =>
  (STATUSES.get(number) ?? '')
    .split(';')
    .filter((clause) => /\b(?:amends|extends|supersedes)\b/u.test(clause))
    .flatMap(linksIn);
const pairs = (related: (number: string) => string[], text: (number: string, other: string) => string): string[] =>
  [...STATUSES.keys()].flatMap((number) => related(number).map((other) => text(number, other))).toSorted();

test('the status of a record names each record that it changes, and the status of that record names it', () => {
  const changed = pairs(changedBy, (earlier, later) => `${later} changes ${earlier}`);
  expect(pairs(changes, (later, earlier) => `${later} changes ${earlier}`)).toEqual(changed);
  expect(changed.length).toBeGreaterThan(10);
});

test('the index names the same later records as the status of each record', async () => {
  const index = await readFile(join(FOLDER, 'README.md'), 'utf8');
  const rows = [...index.matchAll(/^\| \[(\d{4})\].*? \| .*? \| (.*?) \|/gmu)].map(
    ([, number = '', status = '']): [string, string[]] => [number, status.match(/\d{4}/g) ?? []],
  );
  const expected = [...STATUSES.keys()].toSorted().map((number) => [number, changedBy(number)]);
  expect(rows).toEqual(expected);
});
