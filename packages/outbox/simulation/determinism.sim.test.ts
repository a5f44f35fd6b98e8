import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { runSeed } from './run.ts';
import { FIRST } from './seeds.ts';

const IMPURE =
  /Date\.now|new Date\b|performance\.|setTimeout|setInterval|setImmediate|Math\.random|crypto|hrtime|AbortSignal\.timeout/;

test('the outbox uses time and randomness from its ports only', async () => {
  const folder = new URL('../src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((file) => /(?<!\.test)\.ts$/.test(file));
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) {
    const lines = (await readFile(new URL(file, folder), 'utf8')).split('\n');
    expect(
      lines.filter((line) => IMPURE.test(line)),
      file,
    ).toEqual([]);
  }
});

test('the same seed produces the same run, event by event', async () => {
  for (let seed = FIRST; seed < FIRST + 10; seed++) {
    const first = await runSeed(seed);
    const second = await runSeed(seed, { verbose: true });
    expect([second.digest, second.events], `seed ${seed}`).toEqual([first.digest, first.events]);
  }
});
