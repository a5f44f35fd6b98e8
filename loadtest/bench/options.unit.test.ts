import { describe, expect, it } from 'vitest';
import { readOptions, SCENARIOS } from './options.ts';
import { FULL, QUICK } from './settings.ts';

describe('the command line', () => {
  it('runs everything by default', () => {
    const options = readOptions([]);
    expect(options).toMatchObject({
      help: false,
      settings: FULL,
      scenarios: SCENARIOS,
      json: undefined,
      portBase: 14000,
    });
    expect(options.contenders[0]?.name).toBe('ours');
  });

  it('runs what is named: scenarios, contenders, or both', () => {
    expect(readOptions(['--only', 'backlog']).scenarios).toEqual(['backlog']);
    const some = readOptions(['--quick', '--only=end-to-end,ours,redis', '--rounds', '2']);
    expect(some.scenarios).toEqual(['end-to-end']);
    expect(some.contenders.map(({ name }) => name)).toEqual(['ours', 'redis']);
    expect(some.settings).toEqual({ ...QUICK, intakeRounds: 2, endToEndRounds: 2 });
  });

  it('names every fault at once', () => {
    const wrong = ['--fast', '--rounds', '0', '--only', 'ours,theirs', '--port-base=x', 'now', '--json'];
    expect(() => readOptions(wrong)).toThrow(
      expect.objectContaining({
        message: [
          'there is no flag --fast',
          '--json needs a value',
          'unexpected: now',
          '--rounds: "0" is no integer from 1 to 50',
          '--only: "theirs" is neither a scenario nor a contender',
          '--port-base: "x" is no integer from 1024 to 64000',
        ].join('\n'),
      }),
    );
  });
});
