import { describe, expect, it } from 'vitest';
import { createBenchCommand, type Options, SCENARIOS } from './options.ts';
import { FULL, QUICK } from './settings.ts';

/** Parses a command line. Rejects with everything that the user reads. */
async function readOptions(args: readonly string[]): Promise<Options> {
  let output = '';
  const collect = (text: string) => {
    output += text;
  };
  let options: Options | undefined;
  const command = createBenchCommand(async (given) => {
    options = given;
  }).configureOutput({ writeOut: collect, writeErr: collect });
  await command.parseAsync(args, { from: 'user' }).catch((error: Error) => {
    throw new Error(`${output}${error.message}`);
  });
  return options as Options;
}

describe('the command line', () => {
  it('runs everything by default', async () => {
    const options = await readOptions([]);
    expect(options).toMatchObject({ settings: FULL, scenarios: SCENARIOS, json: undefined, portBase: 14000 });
    expect(options.contenders[0]?.name).toBe('ours');
  });

  it('runs the named scenarios, contenders, or both', async () => {
    expect((await readOptions(['--only', 'backlog'])).scenarios).toEqual(['backlog']);
    const some = await readOptions(['--quick', '--only=end-to-end,ours,redis', '--rounds', '2']);
    expect(some.scenarios).toEqual(['end-to-end']);
    expect(some.contenders.map(({ name }) => name)).toEqual(['ours', 'redis']);
    expect(some.settings).toEqual({ ...QUICK, intakeRounds: 2, endToEndRounds: 2 });
  });

  it('prints scenarios and contenders in its help', async () => {
    await expect(readOptions(['--help'])).rejects.toThrow(
      /Scenarios: intake,[\s\S]*Contenders: ours, batches-of-one, ours-kafka, ours-two-replicas, synchronous/,
    );
  });

  it.each([
    [['--fast'], "unknown option '--fast'"],
    [['--before'], "'--before <file>' argument missing"],
    [['--json'], "'--json <file>' argument missing"],
    [['now'], 'too many arguments'],
    [['--rounds', '0'], '--rounds must be an integer between 1 and 50'],
    [['--only', 'ours,theirs,others'], '--only must name scenarios and contenders (see --help), not theirs, others'],
    [['--port-base=x'], '--port-base must be an integer between 1024 and 64000'],
  ])('rejects %j', async (args, message) => {
    await expect(readOptions(args)).rejects.toThrow(message);
  });
});
