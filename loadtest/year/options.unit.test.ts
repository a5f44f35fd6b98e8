import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createYearCommand, type FigureOptions, type MeasureOptions } from './options.ts';

/** Parses a command line. Rejects with everything that the user reads. */
async function parse(args: readonly string[]): Promise<MeasureOptions | FigureOptions> {
  let output = '';
  const collect = (text: string) => {
    output += text;
  };
  let options: MeasureOptions | FigureOptions | undefined;
  const keep = async (given: MeasureOptions | FigureOptions) => {
    options = given;
  };
  const command = createYearCommand({ measure: keep, figure: keep });
  for (const each of [command, ...command.commands]) each.configureOutput({ writeOut: collect, writeErr: collect });
  await command.parseAsync(args, { from: 'user' }).catch((error: Error) => {
    throw new Error(`${output}${error.message}`);
  });
  return options as MeasureOptions | FigureOptions;
}

describe('the command line', () => {
  test('simulates a year of 100 orders a second on Redis by default', async () => {
    expect(await parse(['measure'])).toEqual({
      settings: { store: 'redis', broker: 'redis', rate: 100, seconds: 365, retentionSeconds: 30 },
      json: undefined,
      portBase: 14_000,
    });
  });

  test('takes other stores, rates and files', async () => {
    const args = ['--store', 'postgresql', '--broker', 'kafka', '--rate', '50', '--json', 'a.json'];
    expect(await parse(['measure', ...args])).toMatchObject({
      settings: { store: 'postgresql', broker: 'kafka', rate: 50 },
      json: resolve('a.json'),
    });
  });

  test('draws several runs into one file', async () => {
    expect(await parse(['figure', 'a.json', 'b.json', '--out', 'c.svg'])).toEqual({
      results: [resolve('a.json'), resolve('b.json')],
      out: resolve('c.svg'),
    });
  });

  test.each([
    [['measure', '--store', 'mysql'], /redis, postgresql/],
    [['measure', '--rate', '0'], /--rate must be an integer between 1 and/],
    [['figure', 'a.json'], /--out/],
    [['figure', '--out', 'c.svg'], /json/],
  ])('refuses %j', async (args, message) => {
    await expect(parse(args)).rejects.toThrow(message);
  });
});
