import { describe, expect, test } from 'vitest';
import { extractCommands, firstOrderCommands, installFlags, loadCommands } from './readme.ts';

describe("README's commands", () => {
  const readme = [
    '# A',
    '## B',
    '```sh',
    'other',
    '```',
    '## C',
    '```sh',
    'build',
    '```',
    '```sh',
    'forward x &',
    'curl \\',
    '  -d 1',
    '```',
    '',
  ];

  test('are the block of the section that contains the word, with continued lines joined', () => {
    expect(extractCommands(readme.join('\n'), 'C', 'forward')).toEqual(['forward x &', 'curl -d 1']);
  });

  test('include the ones that the cluster test runs', async () => {
    // The next command in that block needs a ready release.
    expect(await installFlags()).toEqual(['--wait', '--timeout', '5m']);
    expect((await firstOrderCommands()).filter((line) => /^kubectl port-forward .*&$/.test(line))).toHaveLength(3);
    expect((await loadCommands()).map((line) => /^npm run \w+|^kubectl [\w-]+/.exec(line)?.[0])).toEqual([
      'npm run load',
      'kubectl port-forward',
      'npm run checker',
    ]);
  });

  test('cause an error if the section has none with the word', () => {
    expect(() => extractCommands(readme.join('\n'), 'B', 'forward')).toThrow('no commands with forward');
  });
});
